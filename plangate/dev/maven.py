"""Java software from Maven, kept in the user's cache, if it is what the file of hashes beside its pom says.

`python -m plangate.dev.maven POM` writes that file anew, after a change of versions: look at what it changes.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plangate.dev import checksums
from plangate.dev.errors import DevServiceError

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"
_TIMEOUT_SECONDS = 600
# Debian 12's Python has no filters yet.
_SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def resolve(service: str, pom: Path) -> Path:
    """The cached folder with what `pom` depends on, archives unpacked; Maven downloads it once.

    Raises DevServiceError, where a file is not the one that was named, too.
    """
    digest = hashlib.sha256(pom.read_bytes() + sums_of(pom).read_bytes()).hexdigest()[:8]
    folder = _cache() / f"{service.lower().replace(' ', '-')}-{version_in(pom)}-{digest}"
    if not folder.exists():
        with _one_at_a_time(folder.with_suffix(".lock")):
            if not folder.exists():
                _download(service, pom, folder)
    return folder


def sums_of(pom: Path) -> Path:
    """The file with the hashes."""
    return pom.with_suffix(".sha256")


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


def _download(service: str, pom: Path, folder: Path) -> None:
    with _fetched(service, pom, folder.parent) as files:
        try:
            checksums.verify(files, sums_of(pom))
        except checksums.ChecksumError as error:
            mend = "do not use it; find out who changed it"
            raise DevServiceError(service, f"Maven brought something else: {error}", mend) from None
        for archive in files.glob("*.tar.gz"):
            with tarfile.open(archive) as opened:
                opened.extractall(files, **_SAFELY)  # noqa: S202 - its hash is the right one
            archive.unlink()
        files.rename(folder)  # in one step: nobody ever sees half of it


@contextmanager
def _fetched(service: str, pom: Path, beside: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=beside, prefix="download-") as scratch:
        files = Path(scratch) / "files"
        files.mkdir()
        shutil.copy(pom, scratch)  # Maven writes beside its pom
        goal = [f"{_PLUGIN}:copy-dependencies", f"-DoutputDirectory={files}"]
        _run_maven(service, ["-f", f"{scratch}/{pom.name}", *goal])
        yield files


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


def write_sums(pom: Path) -> None:
    """Take what Maven brings for what is meant. Raises DevServiceError."""
    with tempfile.TemporaryDirectory() as folder, _fetched(str(pom), pom, Path(folder)) as files:
        sums_of(pom).write_text(checksums.text(checksums.of(files)))


if __name__ == "__main__":
    write_sums(Path(sys.argv[1]))
