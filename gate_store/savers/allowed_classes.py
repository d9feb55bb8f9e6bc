"""The classes that langgraph.json lets checkpoints bring back, under LangGraph's own key."""

import json
import os
from pathlib import Path
from typing import Any

KEY = "checkpointer.serde.allowed_msgpack_modules"
FORM = 'write [["my_agent.models", "Order"]]: a module and a class of it'


class AllowedClassesError(ValueError):
    """{file}: checkpointer.serde.allowed_msgpack_modules {problem}; {mend}."""

    def __init__(self, file: Path, problem: str, mend: str = FORM) -> None:
        super().__init__(f"{file}: {KEY} {problem}; {mend}")
        self.problem = problem
        self.mend = mend


def file_in_force() -> Path:
    """The langgraph.json of a process without settings: PLANGATE_GRAPHS, else the one of its folder."""
    return Path(os.environ.get("PLANGATE_GRAPHS") or "langgraph.json")


def allowed_classes(file: Path) -> set[tuple[str, str]]:
    """(module, class) of each class that a langgraph.json names; none where there is no file or no such key.

    Raises AllowedClassesError where the key is there and names no classes.
    """
    try:
        sections = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return set()
    except ValueError as error:
        raise AllowedClassesError(file, f"cannot be read: the file is no JSON: {error}", "mend it") from error
    return {_named(file, entry) for entry in _entries(file, sections)}


def _entries(file: Path, sections: Any) -> list[Any]:
    found = sections
    for name in KEY.split("."):
        if not isinstance(found, dict):
            raise AllowedClassesError(file, f"cannot be read: above {name!r} is no object")
        found = found.get(name)
        if found is None:
            return []
    if found is True:
        raise AllowedClassesError(
            file, "is true: who can write to the store could run any code in the workers", FORM
        )
    if not isinstance(found, list):
        raise AllowedClassesError(file, f"is {found!r}, no list")
    return found


def _named(file: Path, entry: Any) -> tuple[str, str]:
    if isinstance(entry, list) and len(entry) == len(("module", "class")):
        module, name = entry
        if isinstance(module, str) and isinstance(name, str) and module and name:
            return module, name
    raise AllowedClassesError(file, f"holds {entry!r}, which names no class")
