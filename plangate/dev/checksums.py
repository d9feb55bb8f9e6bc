"""What was downloaded is what the repository says: a SHA-256 for each file, in the format of `sha256sum`."""

import hashlib
from collections.abc import Mapping
from pathlib import Path


class ChecksumError(ValueError):
    """{file}: {problem}."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")


def verify(folder: Path, wanted: Path) -> None:
    """Return where `folder` holds the files that `wanted` names, just these. Raises ChecksumError."""
    known, found = _read(wanted), of(folder)
    for name in sorted(known.keys() | found.keys()):
        if name not in found:
            raise ChecksumError(name, f"did not come, though {wanted.name} names it")
        if name not in known:
            raise ChecksumError(name, f"{wanted.name} does not name it")
        if found[name] != known[name]:
            raise ChecksumError(name, f"is not the file that {wanted.name} names: SHA-256 {found[name]}")


def of(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in a folder."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def text(sums: Mapping[str, str]) -> str:
    """As `sha256sum` prints it."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def _read(file: Path) -> dict[str, str]:
    pairs = (line.split(maxsplit=1) for line in file.read_text().splitlines())
    return {name: digest for digest, name in pairs}
