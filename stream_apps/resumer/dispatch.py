"""A last look before a plan begins: the catalogue in force may demand what its gate did not give."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from gate_events.records import ApprovalRequested
from gate_policy.catalogue import Catalogue
from gate_policy.errors import UnjudgeablePlanError
from gate_store.doubts import UnknownClearanceError
from gate_store.engine.port import ClaimedRun
from gate_store.grounds import Grounds, grounds_of
from stream_apps.asking_again import LATE, AskingAgain, LetRun
from stream_apps.resumer.errors import RunFailedError
from stream_apps.resumer.outage import Outage

Found = ApprovalRequested | RunFailedError | None


@dataclass(frozen=True, slots=True)
class _Look:
    run: ClaimedRun
    now: datetime

    @property
    def key(self) -> tuple[str, int]:
        return self.run.thread_id, self.run.token


class Dispatch:
    """Judges approved plans by the catalogue in force. Looks that come while one is out share the next."""

    def __init__(self, engine: Engine, catalogue: Catalogue) -> None:
        self._engine = engine
        self._catalogue = catalogue
        self._outage = Outage("looking at plans before they run")
        self._turn = asyncio.Lock()
        self._waiting: dict[tuple[str, int], _Look] = {}
        self._found: dict[tuple[str, int], Found] = {}
        # of its own: graphs may have taken all threads that the loop lends
        self._thread = ThreadPoolExecutor(1, "dispatch")

    async def unmet(self, run: ClaimedRun, now: datetime) -> ApprovalRequested | None:
        """The question that must be answered before the run goes on; None: it may go on.

        Raises RunFailedError where the plan cannot be judged.
        """
        look = _Look(run, now)
        self._waiting[look.key] = look
        try:
            async with self._turn:
                if look.key not in self._found:
                    await self._outage.through(self._look_for_all)
                found = self._found[look.key]
        finally:
            self._waiting.pop(look.key, None)
            self._found.pop(look.key, None)
        if isinstance(found, RunFailedError):
            raise found
        return found

    async def edited_again(self, run: ClaimedRun, now: datetime) -> ApprovalRequested:
        """The question once more about what a reviewer's edit made of a plan, in the words of that.

        Raises RunFailedError where it cannot be asked.
        """
        loop = asyncio.get_running_loop()
        look = _Look(run, now)

        async def ask() -> Found:
            return await loop.run_in_executor(self._thread, self._edited_again, look)

        found = await self._outage.through(ask)
        if isinstance(found, ApprovalRequested):
            return found
        raise found or RunFailedError(str(UnknownClearanceError(run.digest or "")))

    async def _look_for_all(self) -> None:
        looks = [look for key, look in self._waiting.items() if key not in self._found]
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, self._look, looks)
        self._found.update((look.key, each) for look, each in zip(looks, found, strict=True))

    def _look(self, looks: Sequence[_Look]) -> list[Found]:
        with self._engine.connect() as conn:
            plans = _let_run(conn, looks)
            known = [plan for plan in plans if plan is not None]
            again = AskingAgain(conn, known, self._catalogue, looks[0].now)
            return [self._question(look, plan, again) for look, plan in zip(looks, plans, strict=True)]

    def _question(self, look: _Look, plan: LetRun | None, again: AskingAgain) -> Found:
        if plan is None:
            return RunFailedError(str(UnknownClearanceError(look.run.digest or "")))
        try:
            why = again.unmet(plan)
            return again.question(plan, why) if why else None
        except UnjudgeablePlanError as error:
            return RunFailedError(str(error))

    def _edited_again(self, look: _Look) -> Found:
        with self._engine.connect() as conn:
            [plan] = _let_run(conn, [look])
            if plan is None:
                return None
            try:
                return AskingAgain(conn, [plan], self._catalogue, look.now).question(plan, [LATE])
            except UnjudgeablePlanError as error:
                return RunFailedError(str(error))


def _let_run(conn: Connection, looks: Sequence[_Look]) -> list[LetRun | None]:
    """What each run may execute; None: nothing clears it."""
    grounds = grounds_of(conn, {look.run.digest for look in looks if look.run.digest})
    return [_as_answered(look.run, grounds.get(look.run.digest or "")) for look in looks]


def _as_answered(run: ClaimedRun, grounds: Grounds | None) -> LetRun | None:
    if grounds is None or run.digest is None:
        return None
    answer = run.answer
    return LetRun(run.plan_id, answer.revision, run.digest, tuple(answer.steps), run.pause, grounds)
