"""What `plangate dev` looks at in its folder before it starts anything."""

from pathlib import Path
from typing import Any

from plangate.cli.failures import CommandError
from plangate.settings import Settings
from plangate.wiring import open_catalogue
from stream_apps.resumer.errors import GraphsError
from stream_apps.resumer.graphs_file import read_graphs_file

_MAKES_ONE = "`plangate init` makes a project"


def check_project(settings: Settings) -> None:
    """Raise what is wrong with the catalogue, langgraph.json or the files that it names, with its mend.

    Without a langgraph.json only services are served. The project's code is the workers' to import.
    """
    catalogue, graphs = settings.catalogue, settings.graphs
    missing = catalogue if graphs.exists() else graphs
    if not catalogue.exists() and not missing.is_absolute():
        raise CommandError(f"no {missing} here", _MAKES_ONE)
    open_catalogue(settings)
    if graphs.exists():
        _check_files(graphs)


def _check_files(graphs: Path) -> None:
    for name, spec in read_graphs_file(graphs)["graphs"].items():
        where = _file_of(spec)
        if where.endswith(".py") and not (graphs.parent / where).is_file():
            raise GraphsError(name, where, "is not there", f"paths start at {graphs.parent.absolute()}")


def _file_of(spec: Any) -> str:
    path = spec.get("path") if isinstance(spec, dict) else spec
    return path.rpartition(":")[0] if isinstance(path, str) else ""
