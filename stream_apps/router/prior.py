"""What the store knows beside a plan, and what it should know of one: off the event loop."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Engine

from gate_events.records import PlanProposed
from gate_events.stops import Stop
from gate_policy.effects import PriorEffect
from gate_policy.judge import NO_PRIOR
from gate_store.database import Clock
from gate_store.plan_owners import PlanRecord
from gate_store.refused import note_refused
from gate_store.routed_plans import Known, known_plans
from gate_store.stops import in_force
from stream_apps.patience import through_outages
from stream_apps.plain_errors import in_thread
from stream_apps.prior_effects import look_up_effects
from stream_apps.progress import Progress


class PriorEffects:
    """Asks the store; waits for it through outages."""

    def __init__(self, store: Engine, clock: Clock, progress: Progress) -> None:
        self._store = store
        self._clock = clock
        self._progress = progress

    async def of(self, effects: Iterable[tuple[str, int]]) -> Mapping[str, PriorEffect]:
        """The last time that each effect was done within its window, by effect key; one look-up for all."""
        wanted = sorted(effects)
        if not wanted:
            return NO_PRIOR
        return await through_outages("the store", lambda: in_thread(self._look_up, wanted), self._progress)

    async def about(self, records: Sequence[PlanRecord]) -> tuple[Known, Sequence[Stop]]:
        """What the store knows about plans that would be cleared: services act before anybody else looks.

        And what is stopped.
        """
        if not records:
            return Known(), ()
        return await through_outages("the store", lambda: in_thread(self._about, records), self._progress)

    async def note_refused(self, refused: Sequence[tuple[PlanProposed, str]]) -> None:
        """Note at their runs why these plans are dead letters, in one transaction."""
        await through_outages("the store", lambda: in_thread(self._note_refused, refused), self._progress)

    def _note_refused(self, refused: Sequence[tuple[PlanProposed, str]]) -> None:
        with self._store.begin() as conn:
            note_refused(conn, refused)

    def _about(self, records: Sequence[PlanRecord]) -> tuple[Known, Sequence[Stop]]:
        with self._store.begin() as conn:
            return known_plans(conn, records), in_force(conn)

    def _look_up(self, wanted: list[tuple[str, int]]) -> Mapping[str, PriorEffect]:
        with self._store.begin() as conn:
            return look_up_effects(conn, wanted, self._clock())
