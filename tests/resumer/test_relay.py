"""The outbox reaches Kafka in order, and is forgotten once it is there."""

from collections.abc import Sequence

from gate_events.words import DecisionKind
from gate_store.engine.port import OutboxRow
from tests.resumer.stage import Stage


async def test_what_runs_say_is_published_in_order_and_forgotten_and_nothing_that_decides(
    stage: Stage,
) -> None:
    published: list[str] = []

    async def publish(rows: Sequence[tuple[int, OutboxRow]]) -> list[int]:
        published.extend(row.record for _, row in rows)
        return [number for number, _ in rows]

    stage.decide(await stage.submit())
    await stage.resume(lambda: stage.in_outbox() == ["PlanDecided"], publish=publish)
    assert published == ["PlanProposed", "PlanExecuted"]


async def test_what_kafka_did_not_take_is_published_again(stage: Stage) -> None:
    attempts: list[list[int]] = []

    async def publish(rows: Sequence[tuple[int, OutboxRow]]) -> list[int]:
        attempts.append([number for number, _ in rows])
        if len(attempts) == 1:
            raise ConnectionError("no broker")
        return [rows[0][0]]

    stage.decide(await stage.submit(), DecisionKind.REJECT)
    await stage.resume(lambda: stage.in_outbox() == ["PlanDecided"], publish=publish)
    assert attempts[0] == attempts[1][: len(attempts[0])]
    assert {number for taken in attempts for number in taken} == {number for number, *_ in attempts[1:]}
