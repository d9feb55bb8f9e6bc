"""What was begun of a plan under an earlier approval, where the last answer lets nothing of it run."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import Engine

from gate_events.values import Step
from gate_store.cleared_plans import KnownEffect, cleared_plans
from gate_store.engine.port import ClaimedRun, EffectRow
from stream_apps.resumer.outage import Outage


class Earlier(NamedTuple):
    """The steps that were approved once, and what the ledger has of them, by step id."""

    steps: Sequence[Step]
    effects: Mapping[str, EffectRow]


class EarlierApprovals:
    """Looks up in the store what a run's answer speaks of."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._outage = Outage("reading what was begun before")

    async def of(self, run: ClaimedRun) -> Earlier | None:
        """What was approved under the digest of the run's answer; None: nothing ever was."""
        return await self._outage.through(partial(asyncio.to_thread, self._of, run.answer.digest))

    def _of(self, digest: str) -> Earlier | None:
        with self._engine.connect() as conn:
            plan = cleared_plans(conn, [digest]).get(digest)
        if plan is None:
            return None
        return Earlier(plan.word.steps, {name: _row(name, each) for name, each in plan.effects.items()})


def _row(step_id: str, known: KnownEffect) -> EffectRow:
    return EffectRow(step_id, known.state, 1, known.result, known.detail, known.executor)
