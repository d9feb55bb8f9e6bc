"""Brings into force what changed in a project: its code by new workers, its catalogue as SIGHUP does."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from gate_events.shown import shown
from gate_policy.errors import CatalogueError
from plangate.dev.changes import Changes
from plangate.dev.processes import tail
from plangate.dev.stack import Stack
from plangate.wiring import open_catalogue

Say = Callable[[str], None]


class Reload:
    """Looked at now and then. `serve(since)`: whether workers that started since then do all their parts.

    `behind()` says which runs wait at a version of their graph that the workers do not have.
    """

    def __init__(
        self,
        stack: Stack,
        changes: Changes,
        serve: Callable[[float], bool],
        behind: Callable[[], str],
        say: Say,
    ) -> None:
        self._stack = stack
        self._changes = changes
        self._serve = serve
        self._behind = behind
        self._say = say
        self._digest = open_catalogue(stack.settings).digest
        self._since: float | None = None
        self.is_broken = False  # workers ended over what was changed, until it is mended

    def look(self) -> None:
        """Take up what changed, and tell when it is in force."""
        if self._changes.trouble:
            self._say(f"changes of files are not seen any more ({shown(self._changes.trouble)}): start again")
            self._changes.trouble = ""
        if changed := self._changes.take():
            self._take_up(changed)
        if self._since is not None:
            self._tell(self._since)

    def _take_up(self, changed: frozenset[Path]) -> None:
        names = ", ".join(shown(path.name) for path in sorted(changed))
        is_new = self._is_new_catalogue()
        if changed == {self._stack.settings.catalogue.absolute()} and not self.is_broken:
            if not is_new:
                return
            self._say(f"{names} changed: the workers read it")
            for worker in self._stack.workers:
                os.kill(worker.pid, signal.SIGHUP)
        else:
            self._say(f"{names} changed: the workers start again; runs in hand finish first")
            for worker in self._stack.workers:
                worker.restart()
        self._since, self.is_broken = time.monotonic(), False

    def _is_new_catalogue(self) -> bool:
        file = self._stack.settings.catalogue
        try:
            digest = open_catalogue(self._stack.settings).digest
        except (CatalogueError, OSError, UnicodeDecodeError) as error:
            problems = "; ".join(shown(line) for line in str(error).splitlines())
            self._say(f"{shown(str(file))} is not taken: {problems}")
            return False
        self._digest, before = digest, self._digest
        return digest != before

    def _tell(self, since: float) -> None:
        ended = next((worker for worker in self._stack.workers if not worker.is_running), None)
        if ended is not None:
            self._say(f"{ended.name} ended; mend it and save: its log ends with:\n{tail(ended.log)}")
            self._since, self.is_broken = None, True
        elif self._serve(since):
            behind = self._behind()
            self._say(f"what changed is in force{f'; {behind}' if behind else ''}")
            self._since = None
