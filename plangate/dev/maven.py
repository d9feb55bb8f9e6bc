"""Java software from Maven, kept in the user's cache."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from plangate.dev.errors import DevServiceError

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
_TIMEOUT_SECONDS = 600

Goal = Literal["copy-dependencies", "unpack-dependencies"]


def resolve(service: str, pom: Path, goal: Goal) -> Path:
    """The cached folder with what `pom` depends on; Maven downloads it once. Raises DevServiceError."""
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:8]
    folder = _cache() / f"{service.lower().replace(' ', '-')}-{version_in(pom)}-{digest}"
    if not folder.exists():
        with _one_at_a_time(folder.with_suffix(".lock")):
            if not folder.exists():
                _download(service, pom, goal, folder)
    return folder


def version_in(pom: Path) -> str:
    """The version of the software that `pom` is about: its property `software.version`."""
    match = re.search(r"<software\.version>(.+?)<", pom.read_text())
    assert match, f"{pom} has no property software.version"  # noqa: S101 - a file of ours
    return match[1]


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "plangate"


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # released by the kernel, also when this process is killed
        yield


def _download(service: str, pom: Path, goal: Goal, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="download-") as scratch:
        files = Path(scratch) / "files"
        files.mkdir()
        shutil.copy(pom, scratch)  # Maven writes beside its pom
        _run_maven(
            service, ["-f", f"{scratch}/{pom.name}", f"{_PLUGIN}:{goal}", f"-DoutputDirectory={files}"]
        )
        files.rename(folder)  # in one step: nobody ever sees half of it


def _run_maven(service: str, arguments: list[str]) -> None:
    mvn = shutil.which("mvn")
    if mvn is None:
        raise DevServiceError(service, "mvn is not on the PATH", "install Maven (Debian: apt install maven)")
    try:
        done = subprocess.run(  # noqa: S603 - found above, arguments of ours
            [mvn, "-q", "-B", "-C", *arguments],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DevServiceError(service, f"Maven took over {_TIMEOUT_SECONDS} s", "check the network") from None
    if done.returncode != 0:
        raise DevServiceError(service, f"Maven failed: {_first_error(done.stdout)}", "check the network")


def _first_error(output: str) -> str:
    errors = (line for line in output.splitlines() if "ERROR" in line)
    return next(errors, output.strip()[-300:])
