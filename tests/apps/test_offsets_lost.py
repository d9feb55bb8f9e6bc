"""Consumer groups that read the log once more, beside a store that is as it was: nothing happens twice."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.topics import TOPICS
from gate_events.words import DecisionKind
from gate_store.tables import clearances, decisions, effects, gates, plan_outcomes
from plangate import Step, effect, verdicts
from plangate.dev.topics import quiet_admin
from tests.apps.world import CATALOGUE, World, decision, headers_of, outcome, plan, until

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

FLEETING = '  wink: {tier: IRREVERSIBLE, says: "Wink", use_by: 1s}\n'
APPS = {
    "router": ("plans",),
    "gatekeeper": ("auto-execute", "approval-requests", "decisions", "outcomes"),
}
TABLES = {
    "gates": (gates, ("gate_id", "state", "attempt", "digest")),
    "clearances": (clearances, ("digest", "gate_id", "attempt")),
    "decisions": (decisions, ("decision_id", "disposition")),
    "effects": (effects, ("effect_id", "state", "attempts", "token")),
    "outcomes": (plan_outcomes, ("digest", "attempt", "event_id")),
}


def test_what_is_read_from_the_beginning_runs_nothing_and_opens_no_gate_again(postgres_world: World) -> None:
    world = postgres_world
    workers = [world.start(app, catalogue=CATALOGUE + FLEETING, instance=app) for app in APPS]
    looked, tagged = plan("look"), plan("tag")
    sent, rejected, waits = plan("send"), plan("send"), plan("send")
    winked, blinked, revised = plan("wink"), plan("blink"), plan("send")
    newer = plan("send", "send", plan_id=revised.plan_id, revision=2)
    world.send(looked, tagged, sent, rejected, waits, winked, blinked, revised, newer)
    world.send(*(outcome(each) for each in world.read(PlanCleared, 2)))
    asked = {(each.plan_id, each.revision): each for each in world.read(ApprovalRequested, 8)}
    for each in (sent, winked):
        world.send(decision(asked[each.plan_id, 1]))
    world.send(decision(asked[rejected.plan_id, 1], DecisionKind.REJECT))
    world.send(decision(asked[revised.plan_id, 2]))
    settled = {"APPROVED": 3, "REJECTED": 1, "EXPIRED": 1, "SUPERSEDED": 1, "PENDING": 3}
    until(lambda: Counter(row[1] for row in rows(world)["gates"]) == settled)
    assert sorted(serve(world)) == ["send", "send", "send"]
    until(lambda: len(rows(world)["outcomes"]) == 5)
    until(lambda: all(world.lag(app, *topics) == 0 for app, topics in APPS.items()))
    before, said = rows(world), written(world)
    for worker in workers:
        worker.end()

    forget_groups(world)
    for app in APPS:
        world.start(app, catalogue=CATALOGUE + FLEETING, instance=app)
    until(lambda: all(world.lag(app, *topics) == 0 for app, topics in APPS.items()))
    assert serve(world) == []
    assert rows(world) == before
    after = written(world)
    told = {"auto-execute", "verdicts", "decisions", "plans"}
    assert {topic: after[topic] for topic in told} == {topic: said[topic] for topic in told}
    with world.reader("dead-letters") as reader:
        letters = reader.messages(lambda seen: len(seen) == after["dead-letters"])
    assert all(headers_of(each)["plangate_error"].startswith("asked anew as ") for each in letters)


def serve(world: World) -> list[str]:
    """A service with a store carries out what it is told; what it did."""
    did: list[str] = []

    @effect("send")
    def act(step: Step) -> None:
        did.append(step.action_type)

    with verdicts(
        world.kafka.client_options,
        group="sender",
        actions=["send"],
        topic_prefix=world.prefix,
        idle_s=2,
        store_url=world.store_url,
    ) as works:
        for work in works:
            with work:
                for step in work.steps:
                    work.once(step, act)
    return did


def rows(world: World) -> dict[str, set[tuple[Any, ...]]]:
    with world.store.connect() as conn:
        return {
            name: {tuple(row) for row in conn.execute(select(*(table.c[each] for each in columns)))}
            for name, (table, columns) in TABLES.items()
        }


def written(world: World) -> dict[str, int]:
    """How many records are on each topic."""
    with world.reader(*(topic.name for topic in TOPICS)) as reader:
        ends = Counter[str]()
        for (topic, _), end in reader.ends().items():
            ends[topic.removeprefix(world.prefix)] += end
    return dict(ends)


def forget_groups(world: World) -> None:
    """As where offsets expire, or somebody deletes the groups."""
    admin = quiet_admin(world.kafka.client_options)
    left = {f"{world.prefix}plangate-{app}" for app in APPS} | {f"{world.prefix}sender"}

    def gone() -> bool:
        """A member that ended is one until its session is over."""
        asked = admin.delete_consumer_groups(sorted(left))
        left.difference_update(name for name, future in asked.items() if future.exception(20) is None)
        return not left

    until(gone)
