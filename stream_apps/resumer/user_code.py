"""Imports what langgraph.json names: `./path/file.py:name` or `package.module:name`."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from stream_apps.resumer.errors import GraphsError
from stream_apps.resumer.house import OURS, clashes, hold_the_house


def load(graph: str, spec: str, project: Path) -> Any:
    """The object that `spec` names, from the project's folder. Raises GraphsError."""
    where, colon, attribute = spec.rpartition(":")
    if not colon or not where or not attribute:
        raise GraphsError(
            graph,
            spec,
            "is not of the form file.py:name",
            'write "./graph.py:graph" or "package.module:graph"',
        )
    hold_the_house()
    module = _module(graph, where, project)
    if not hasattr(module, attribute):
        raise GraphsError(
            graph, where, f"has no {attribute!r}", "name what the file defines at its top level"
        )
    return getattr(module, attribute)


def _module(graph: str, where: str, project: Path) -> ModuleType:
    try:
        if where.endswith(".py"):
            return _of_file(graph, (project / where).resolve(), where, project)
        _on_path(project)
        return importlib.import_module(where)
    except GraphsError:
        raise
    except ImportError as error:
        raise _explained(graph, where, project, error) from error
    except BaseException as error:  # a user's file may raise anything, SystemExit too
        problem = f"raised {type(error).__name__} while it was imported: {error}"
        raise GraphsError(graph, where, problem, "make `python " + where + "` work first") from error


def _of_file(graph: str, file: Path, where: str, project: Path) -> ModuleType:
    if not file.is_file():
        raise GraphsError(graph, where, "is not there", f"paths start at {project}")
    root, name = _dotted(file)
    if name.split(".")[0] in OURS:
        raise GraphsError(graph, where, "has the name of a package of Plangate", "rename the file or folder")
    _on_path(project)
    _on_path(root)
    known = sys.modules.get(name)
    if known is not None and Path(getattr(known, "__file__", None) or "").resolve() == file:
        return known
    if "." in name:
        return importlib.import_module(name)
    # beside a module that has the name already, this one gets a name of its own
    return _run(file, name if known is None and name not in sys.stdlib_module_names else f"{name}_of_{graph}")


def _run(file: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _dotted(file: Path) -> tuple[Path, str]:
    """The folder to import from and the module's name there: a file in a package is a part of it."""
    root, parts = file.parent, [file.stem]
    while (root / "__init__.py").is_file():
        root, parts = root.parent, [root.name, *parts]
    return root, ".".join(parts)


def _on_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _explained(graph: str, where: str, project: Path, error: ImportError) -> GraphsError:
    missing = (error.name or "").split(".")[0]
    for clash in clashes(project):
        if clash.stem == missing:
            problem = f"imports from {clash}, but `{missing}` is the name of a package of Plangate ({error})"
            return GraphsError(graph, where, problem, f"rename it, for example to my_{missing}")
    return GraphsError(
        graph, where, f"cannot be imported: {error}", "install what is missing, or mend the import"
    )
