"""The wheel in a virtual environment of its own, far from the checkout."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.compose_file import ROOT


@dataclass(frozen=True)
class Fresh:
    """An environment with Plangate's wheel; its dependencies are those of the tests' own environment."""

    folder: Path
    wheel: Path
    sdist: Path

    @property
    def site_packages(self) -> Path:
        """Where the wheel was installed."""
        return next(self.folder.glob("venv/lib/python3*/site-packages"))

    def run(self, *command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment."""
        return subprocess.run(
            [self.folder / "venv/bin" / command[0], *command[1:]],
            cwd=cwd,
            env={**clean_environment(), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def clean_environment() -> dict[str, str]:
    """This environment without what leads to the checkout, and without settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PLANGATE_", "VIRTUAL"))
    }


def build_and_install(folder: Path) -> Fresh:
    """An sdist from the checkout, and a wheel from that sdist: what the one lacks the other lacks."""
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT))
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    fresh = Fresh(folder, wheel, sdist)
    uv = str(Path(sys.executable).with_name("uv"))
    python = str(folder / "venv/bin/python")
    _run(uv, "pip", "install", "--offline", "--quiet", "--no-deps", "--python", python, str(wheel))
    # A folder on the path, no site: the editable checkout's own .pth file in it is not read.
    (fresh.site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return fresh


def _run(*command: str) -> None:
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
