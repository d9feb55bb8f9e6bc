"""The set-up of a fresh machine, as far as it can be told without one."""

import shutil
import subprocess
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2] / "scripts" / "bootstrap.sh"
_TOOLS = ["bash", "cat", "dirname", "env", "flock", "id", "sha256sum"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the script, on a machine with these tools and no apt-get."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(_SCRIPT, tmp_path / "scripts")
    (tmp_path / "bin").mkdir()
    for tool in _TOOLS:
        install(tmp_path, tool, f'exec {shutil.which(tool)} "$@"')
    return tmp_path


def bootstrap(checkout: Path, purpose: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["scripts/bootstrap.sh", purpose],
        cwd=checkout,
        env={"PATH": f"{checkout}/bin", "HOME": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )


def install(checkout: Path, name: str, script: str) -> None:
    program = checkout / "bin" / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_without_a_python_one_line_says_what_to_install(checkout: Path) -> None:
    done = bootstrap(checkout, "demo")
    assert done.returncode == 2
    assert done.stderr == (
        "bootstrap: no Python 3.11, 3.12 or 3.13 found: "
        "install one (Debian: apt install python3) or set PYTHON\n"
    )


def test_without_ensurepip_and_apt_one_line_says_what_to_install(checkout: Path) -> None:
    install(checkout, "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    done = bootstrap(checkout, "demo")
    assert done.returncode == 2
    assert done.stderr == (
        "bootstrap: python3 cannot make virtual environments: "
        "install them (Debian: apt install python3-venv)\n"
    )


def test_a_missing_package_is_installed_where_root_has_apt(checkout: Path) -> None:
    install(checkout, "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    install(checkout, "id", "echo 0")
    install(checkout, "apt-get", f'echo "$@" >> {checkout}/apt.log; [ "$1" = update ]')
    done = bootstrap(checkout, "demo")
    assert (checkout / "apt.log").read_text().splitlines() == [
        "update -qq",
        "install -y -qq --no-install-recommends python3-venv",
    ]
    assert done.returncode == 2  # this apt-get refuses
    assert done.stderr.endswith("bootstrap: apt-get failed: install by hand: python3-venv\n")


def test_without_services_the_set_up_goes_on_and_says_what_is_skipped(checkout: Path) -> None:
    install(checkout, "python3", 'case "$1" in -m) echo "making venv" >&2; exit 7;; esac')
    done = bootstrap(checkout, "test")
    assert "maven is not installed: tests on Apache Kafka and the schema registry are skipped" in done.stderr
    assert done.stderr.endswith("making venv\n")
    assert done.returncode == 7
