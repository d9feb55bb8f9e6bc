"""The example files, found in a checkout and in an installed wheel alike."""

from importlib.resources import files
from pathlib import Path


def example(name: str) -> Path:
    """The path of a file below `examples/`."""
    package = Path(str(files("plangate")))
    inside = package / "_examples"
    return (inside if inside.is_dir() else package.parent / "examples") / name
