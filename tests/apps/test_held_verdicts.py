"""While something is stopped, no verdict lets a service begin it."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import uuid4

from msgspec.structs import replace
from sqlalchemy import Engine

from gate_events.records import PlanDecided
from gate_events.stops import Stop
from gate_events.words import GateState
from gate_store import outbox
from gate_store.database import utc_now
from gate_store.engine.port import OutboxRow
from gate_store.stop_file import StopFile
from gate_store.stops import begin_stop, end_stop
from stream_apps.gatekeeper.outbox import OutboxLoop
from stream_apps.progress import Progress
from stream_apps.relay import Relay
from tests.events.samples import SAMPLES
from tests.store.conftest import store

__all__ = ["store"]

VERDICT = next(each for each in SAMPLES if isinstance(each, PlanDecided))


class Published:
    """In place of Kafka."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    async def publish(self, rows: Sequence[tuple[int, OutboxRow]]) -> list[int]:
        self.keys += [row.key for _, row in rows]
        return [number for number, _ in rows]


def verdict(**changes: Any) -> PlanDecided:
    new = {"event_id": uuid4(), "plan_id": uuid4(), "run": None, "execute": True, "state": GateState.APPROVED}
    return replace(VERDICT, **{**new, **changes})


async def test_a_verdict_waits_in_the_outbox_for_the_end_of_the_stop(store: Engine) -> None:
    published = Published()
    loop = OutboxLoop(store, cast(Relay, published), utc_now, Progress(), StopFile(None))
    lets, refuses = verdict(), verdict(execute=False, state=GateState.REJECTED)
    (action_type,) = {step.action_type for step in lets.steps[:1]}
    made = Stop(stop_id=uuid4(), action_type=action_type, by="ana", note="wrong", at=utc_now())
    other = Stop(stop_id=uuid4(), action_type="another", by="ana", note="wrong", at=utc_now())
    with store.begin() as conn:
        begin_stop(conn, made)
        begin_stop(conn, other)
        outbox.put(conn, [lets, refuses], utc_now())
    for _ in range(3):
        await loop._publish_some()
    assert published.keys == [str(refuses.plan_id)]
    with store.begin() as conn:
        end_stop(conn, made, "ana", "", utc_now())
    await loop._publish_some()
    assert published.keys == [str(refuses.plan_id), str(lets.plan_id)]


async def test_however_many_verdicts_wait_others_are_published(store: Engine) -> None:
    published = Published()
    loop = OutboxLoop(store, cast(Relay, published), utc_now, Progress(), StopFile(None))
    made = Stop(stop_id=uuid4(), by="ana", note="wrong", at=utc_now())
    with store.begin() as conn:
        begin_stop(conn, made)
        loop._held.look_again(conn)
        outbox.put(conn, [verdict(execute=False, state=GateState.REJECTED)], utc_now())
    loop._held.ids = set(range(1_000_000, 1_070_000))  # more than a statement has parameters
    await loop._publish_some()
    assert len(published.keys) == 1
