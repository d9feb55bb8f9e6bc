"""The file by which another shell, or a command without settings, reaches `plangate dev`."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

NAME = "env"


@contextmanager
def written(environment: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """The file, gone when the block ends."""
    file = write(environment, folder)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def write(environment: Mapping[str, str], folder: Path) -> Path:
    """The file, which stays. It may hold a password."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()]
    file = folder / NAME
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.writelines(lines)
    return file


def read(folder: Path) -> dict[str, str]:
    """What it exports. Raises OSError."""
    exports = (shlex.split(line)[1] for line in (folder / NAME).read_text().splitlines())
    return {name: value for name, _, value in (each.partition("=") for each in exports)}


def forget(folder: Path) -> None:
    """Remove what a `plangate dev` left that was killed."""
    (folder / NAME).unlink(missing_ok=True)
