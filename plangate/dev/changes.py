"""What changes in a project's files while `plangate dev` runs."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchfiles import Change, DefaultFilter, watch

from plangate.settings import Settings

_CODE = (".py",)
_LOOK_MS = 200  # how soon the watching thread sees that it is to end
_SETTLE_MS = 400  # an editor writes a file in several goes


class Changes:
    """Paths that were written, made or removed since they were last taken.

    `trouble`: why none are seen any more; empty: they are.
    """

    def __init__(self) -> None:
        self.trouble = ""
        self._seen: queue.SimpleQueue[frozenset[Path]] = queue.SimpleQueue()

    def note(self, paths: frozenset[Path]) -> None:
        """From the thread that watches."""
        self._seen.put(paths)

    def take(self) -> frozenset[Path]:
        """All since the last time; empty: none."""
        taken: frozenset[Path] = frozenset()
        while not self._seen.empty():
            taken |= self._seen.get()
        return taken


class ProjectFiles(DefaultFilter):
    """Python files, the catalogue, langgraph.json, its .env; none below `apart` or in a tool's folder."""

    def __init__(self, settings: Settings, apart: Path) -> None:
        graphs = settings.graphs.absolute()
        self._named = {settings.catalogue.absolute(), graphs, graphs.with_name(".env")}
        super().__init__(ignore_paths=[apart.absolute()])

    def __call__(self, change: Change, path: str) -> bool:
        """Whether a change of this file counts."""
        return super().__call__(change, path) and (path.endswith(_CODE) or Path(path) in self._named)


@contextmanager
def watched_project(settings: Settings, apart: Path) -> Iterator[Changes]:
    """What changes beside catalogue and langgraph.json, and below, but for `apart`, until the block ends."""
    roots = {settings.graphs.absolute().parent, settings.catalogue.absolute().parent}
    changes, stop = Changes(), threading.Event()
    files = watch(
        *(root for root in roots if root.is_dir()),
        watch_filter=ProjectFiles(settings, apart),
        debounce=_SETTLE_MS,
        rust_timeout=_LOOK_MS,
        stop_event=stop,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )

    def look() -> None:
        try:
            for found in files:
                changes.note(frozenset(Path(path) for _, path in found))
        except (OSError, RuntimeError) as error:  # no watches left, a folder that is gone
            changes.trouble = f"{type(error).__name__}: {error}"

    thread = threading.Thread(target=look, name="watch project", daemon=True)
    thread.start()
    try:
        yield changes
    finally:
        stop.set()
        thread.join()
