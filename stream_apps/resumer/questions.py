"""What a resumer asks people: a verdict that came too late, an effect whose result nobody knows."""

import asyncio
from datetime import datetime
from functools import partial

from sqlalchemy import Engine

from gate_events.records import ApprovalRequested
from gate_events.values import Step
from gate_store.doubts import UnknownClearanceError, doubt_about, stale_question
from gate_store.engine.port import ClaimedRun
from gate_store.retrying import is_begun_again
from gate_store.unguarded import CutOff, doubt_unguarded_plan
from stream_apps.resumer.outage import Outage


class Questions:
    """Builds requests from what the run's plan was asked or cleared with, as the store has it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._outage = Outage("asking people")

    async def ask_again(self, run: ClaimedRun, now: datetime) -> ApprovalRequested:
        """The plan's question once more, its attempt one higher. Raises UnknownClearanceError."""
        ask = partial(asyncio.to_thread, self._ask_again, _digest(run), now)
        return await self._outage.through(ask)

    async def ask_in_doubt(self, run: ClaimedRun, step: Step, known: str, now: datetime) -> ApprovalRequested:
        """Whether the effect of `step` happened; each doubt is a gate. Raises UnknownClearanceError."""
        ask = partial(asyncio.to_thread, self._ask_in_doubt, _digest(run), step, known, now)
        return await self._outage.through(ask)

    async def doubt_plan(self, cut: CutOff, now: datetime) -> None:
        """Which steps of a plan happened that was carried out without the ledger; its run ends IN_DOUBT.

        Raises FenceLostError, UnknownClearanceError.
        """
        await self._outage.through(partial(asyncio.to_thread, self._doubt_plan, cut, now))

    async def begun_again(self, run: ClaimedRun, step: Step) -> bool:
        """Whether people agreed that this step, which had failed before, is begun once more."""
        look = partial(asyncio.to_thread, self._begun_again, _digest(run), step)
        return await self._outage.through(look)

    def _begun_again(self, digest: str, step: Step) -> bool:
        with self._engine.connect() as conn:
            return is_begun_again(conn, digest, step.step_id)

    def _ask_again(self, digest: str, now: datetime) -> ApprovalRequested:
        with self._engine.connect() as conn:
            return stale_question(conn, digest, now)

    def _ask_in_doubt(self, digest: str, step: Step, known: str, now: datetime) -> ApprovalRequested:
        with self._engine.connect() as conn:
            return doubt_about(conn, digest, step, known, now)

    def _doubt_plan(self, cut: CutOff, now: datetime) -> None:
        with self._engine.begin() as conn:
            doubt_unguarded_plan(conn, cut, now)


def _digest(run: ClaimedRun) -> str:
    if run.digest is None:
        raise UnknownClearanceError(f"of run {run.thread_id}, which has none")
    return run.digest
