"""langgraph.json, read."""

import json
from pathlib import Path
from typing import Any

from gate_store.savers.allowed_classes import KEY, AllowedClassesError, allowed_classes
from stream_apps.resumer.errors import GraphsError


def read_graphs_file(file: Path) -> dict[str, Any]:
    """Its sections; `graphs` and `plangate` are objects. The project's code is not imported.

    Raises GraphsError.
    """
    try:
        sections = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        mend = 'write {"graphs": {"billing": "./graph.py:graph"}} there, or set graphs_file'
        raise GraphsError("*", str(file), f"cannot be read: {error.strerror}", mend) from error
    except ValueError as error:
        raise GraphsError("*", str(file), f"is no JSON: {error}", "mend the file") from error
    graphs = sections.get("graphs") if isinstance(sections, dict) else None
    if not isinstance(graphs, dict) or not isinstance(sections.get("plangate", {}), dict):
        raise GraphsError("*", str(file), "has no object under graphs", "see docs/resumer.md")
    try:
        allowed_classes(file)
    except AllowedClassesError as error:
        raise GraphsError("*", str(file), f"{KEY} {error.problem}", error.mend) from error
    return dict(sections)
