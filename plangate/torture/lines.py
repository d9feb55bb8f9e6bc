"""Append-only files of JSON lines, written by several processes at once."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec


def append(file: Path, line: dict[str, Any]) -> None:
    """One write on a descriptor opened with O_APPEND: lines of several processes never mix."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, msgspec.json.encode(line) + b"\n")
    finally:
        os.close(descriptor)


def read(file: Path) -> Iterator[dict[str, Any]]:
    """What was appended so far; a file that nobody wrote is empty."""
    if file.exists():
        for line in file.read_bytes().splitlines():
            yield msgspec.json.decode(line)
