"""What a graph raised while it ran to its gate: the user's own lines, without LangGraph's and ours."""

import linecache
import re
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

from gate_events.shown import shown, spelled_out
from plangate.cli.failures import CommandError, line_for
from stream_apps.resumer.house import HOME, OURS

_NODE = re.compile("During task with name '([^']*)'")  # LangGraph's note on what a node raises
_NOT_KEPT = "serializable"  # what a checkpoint's serializer says of a value that it cannot write
_INSTALLED = tuple(
    f"{Path(sysconfig.get_path(name)).resolve()}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
_HOUSE = tuple(f"{Path(HOME, name).resolve()}/" for name in OURS)


class GraphRaisedError(CommandError):
    """The graph's own code raised: {problem}; {mend}, and its lines below that."""

    def __init__(self, problem: str, mend: str, lines: list[str]) -> None:
        super().__init__(problem, "\n".join([mend, *lines]))


def graph_raised(graph: str, error: Exception, *, whole: bool) -> GraphRaisedError | None:
    """How to tell what running a graph raised, its traceback `whole` or the user's own lines alone.

    None for an expected failure that no node raised: it speaks for itself.
    """
    node = _NODE.search("\n".join(getattr(error, "__notes__", ())))
    if node is None and line_for(error) is not None:
        return None
    where = f"node {shown(node[1])} of graph {graph!r}" if node else f"graph {graph!r}"
    if isinstance(error, TypeError) and _NOT_KEPT in str(error):
        problem = f"{where}: its state holds what no checkpoint can keep: {shown(str(error))}"
        mend = "leave it out of the state, or keep it as text or numbers"
    elif type(error).__module__.partition(".")[0] in OURS:
        problem, mend = f"{where}: {shown(str(error))}", "then submit again"
    else:
        problem = f"{where} raised {type(error).__name__}: {shown(str(error))}"
        mend = "mend it and submit again"
    if whole:
        return GraphRaisedError(problem, mend, "".join(traceback.format_exception(error)).splitlines())
    return GraphRaisedError(problem, f"{mend}; --traceback shows all of it", list(_own_lines(error)))


def _own_lines(error: Exception) -> Iterator[str]:
    """Each place in code that is neither installed nor ours, and its line; the last raised it."""
    for frame, number in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        file = str(Path(code.co_filename).resolve())
        if code.co_filename.startswith("<") or file.startswith((*_INSTALLED, *_HOUSE)):
            continue
        yield f"{_short(file)}:{number}, in {code.co_name}"
        yield f"    {spelled_out(linecache.getline(code.co_filename, number).strip())}"


def _short(file: str) -> str:
    here = Path.cwd().resolve()
    return str(Path(file).relative_to(here)) if Path(file).is_relative_to(here) else file
