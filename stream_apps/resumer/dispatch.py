"""A last look before a plan begins: the catalogue in force may demand what its gate did not give."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, Engine

from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.values import Finding
from gate_policy.catalogue import Catalogue
from gate_policy.effects import PriorEffect, effect_keys
from gate_policy.errors import UnjudgeablePlanError
from gate_policy.judge import judge
from gate_policy.requirements import ASKED_BEFORE, requirements_of
from gate_policy.route import asked
from gate_policy.unmet import Given, unmet
from gate_store.doubts import UnknownClearanceError
from gate_store.engine.port import ClaimedRun
from gate_store.grounds import Grounds, grounds_of, times_asked, who_agreed
from stream_apps.prior_effects import look_up_effects
from stream_apps.resumer.errors import RunFailedError
from stream_apps.resumer.outage import Outage

ASKED_AGAIN = "asked again"
_AT_LEAST = 2  # a first attempt is the router's

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
            grounds = grounds_of(conn, {look.run.digest for look in looks if look.run.digest})
            return [self._question(conn, look, grounds.get(look.run.digest or "")) for look in looks]

    def _question(self, conn: Connection, look: _Look, grounds: Grounds | None) -> Found:
        if grounds is None:
            return RunFailedError(str(UnknownClearanceError(look.run.digest or "")))
        prior = self._prior(conn, look)
        repeats = any(not effect.waits for effect in prior.values())
        if grounds.judged_by() == (look.run.digest, self._catalogue.digest) and not repeats:
            return None
        try:
            return self._judge(conn, look, grounds, prior)
        except UnjudgeablePlanError as error:
            return RunFailedError(str(error))

    def _edited_again(self, look: _Look) -> Found:
        with self._engine.connect() as conn:
            grounds = grounds_of(conn, {look.run.digest} if look.run.digest else set())
            found = grounds.get(look.run.digest or "")
            if found is None:
                return None
            try:
                return self._ask(conn, look, found, self._prior(conn, look), ["past its use-by"])
            except UnjudgeablePlanError as error:
                return RunFailedError(str(error))

    def _prior(self, conn: Connection, look: _Look) -> dict[str, PriorEffect]:
        """What was done, and what plans that wait would do; a plan does not wait for itself."""
        keys = effect_keys(look.run.answer.steps, self._catalogue)
        return look_up_effects(conn, {(each.key, each.window_s) for each in keys}, look.now) if keys else {}

    def _judge(
        self, conn: Connection, look: _Look, grounds: Grounds, prior: dict[str, PriorEffect]
    ) -> ApprovalRequested | None:
        origin, given = grounds.record(), None
        if isinstance(origin, ApprovalRequested) and grounds.gate_id:
            given = Given(origin, who_agreed(conn, grounds.gate_id), grounds.cleared_at)
        in_force = judge(_plan(look, origin), self._catalogue, now=look.now, prior=prior)
        why = unmet(in_force, given, prior, look.now)
        return self._ask(conn, look, grounds, prior, why) if why else None

    def _ask(
        self,
        conn: Connection,
        look: _Look,
        grounds: Grounds,
        prior: dict[str, PriorEffect],
        why: Sequence[str],
    ) -> ApprovalRequested:
        """The next question: what the catalogue in force demands, and no less than the last one did."""
        origin, run, now = grounds.record(), look.run, look.now
        plan = _plan(look, origin)
        floor = requirements_of(origin) if isinstance(origin, ApprovalRequested) else ASKED_BEFORE
        both = judge(plan, self._catalogue, now=now, prior=prior, required=floor)
        if both.review is None:
            raise AssertionError("a plan that is judged BEFORE has a review")
        again = Finding(check=ASKED_AGAIN, text="; ".join(why))
        review = msgspec.structs.replace(both.review, findings=(*both.review.findings, again))
        attempt = max(_AT_LEAST, times_asked(conn, run.plan_id, run.answer.revision) + 1)
        return asked(plan, both, review, now, attempt)


def _plan(look: _Look, origin: ApprovalRequested | PlanCleared) -> PlanProposed:
    """What may run, as a proposal."""
    return PlanProposed(
        event_id=origin.event_id,
        plan_id=look.run.plan_id,
        revision=look.run.answer.revision,
        proposed_at=look.now,
        proposer=origin.proposer,
        agent=origin.agent,
        goal=origin.goal,
        steps=look.run.answer.steps,
        run=look.run.pause,
    )
