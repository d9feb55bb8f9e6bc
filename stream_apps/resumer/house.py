"""Our packages keep their names when a user's project has folders that are called the same."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

import gate_events

OURS = frozenset({"plangate", "producers", "stream_apps", "gate_store", "gate_policy", "gate_events"})
HOME = str(Path(gate_events.__file__).parent.parent)


class HouseFinder(MetaPathFinder):
    """Finds our top-level packages where we are installed, whatever stands before them on sys.path."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Only our own top-level names are answered."""
        return PathFinder.find_spec(fullname, [HOME], target) if fullname in OURS and path is None else None


def hold_the_house() -> None:
    """Put the finder first, once."""
    if not any(isinstance(finder, HouseFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, HouseFinder())


def clashes(folder: Path) -> list[Path]:
    """What in a project carries the name of a package of ours, and so cannot be imported by its own name."""
    if str(folder) == HOME:
        return []
    found = (folder / name for name in OURS)
    return sorted([path for path in found if path.is_dir()] + [p for p in _files(folder) if p.is_file()])


def _files(folder: Path) -> list[Path]:
    return [folder / f"{name}.py" for name in OURS]
