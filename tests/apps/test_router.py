"""The router on real Kafka, in a process of its own."""

import json
import signal
import time
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from confluent_kafka import Message
from sqlalchemy import select

from gate_events.codec import encode, to_json
from gate_events.ids import plan_id_of_pause, proposal_id
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.values import Agent, Step
from gate_events.words import Tier, Timing
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store.runs import pause_run, register_run
from gate_store.tables import runs
from tests.apps.world import World, headers_of, plan, until
from tests.store.examples import run


def test_a_plan_goes_where_its_highest_step_belongs(world: World) -> None:
    world.start("router")
    harmless, between, final = plan("look", "look"), plan("look", "tag"), plan("look", "send", "tag")
    world.send(harmless, between, final)
    cleared = {each.plan_id: each for each in world.read(PlanCleared, 2)}
    (asked,) = world.read(ApprovalRequested, 1)
    assert cleared[harmless.plan_id].tier is Tier.REVERSIBLE
    assert cleared[harmless.plan_id].review is None
    assert cleared[between.plan_id].tier is Tier.PARTIALLY_REVERSIBLE
    assert cleared[between.plan_id].review is not None
    assert (asked.plan_id, asked.tier, asked.timing) == (final.plan_id, Tier.IRREVERSIBLE, Timing.BEFORE)


def test_the_router_never_clears_what_a_human_was_asked_about(world: World) -> None:
    """A plan judged twice may be judged differently; services act upon clearances before anybody looks."""
    world.start("router", "gatekeeper")
    harmless = plan("look")
    knows_nothing = load_catalogue("version: 1\nactions: {}\n")
    world.send(route(harmless, knows_nothing, now=datetime.now(UTC)))
    world.read(ApprovalRequested, 2)  # what was sent, and the gatekeeper's own question in its place
    world.send(harmless)
    with world.reader("approval-requests") as reader:
        reader.messages(lambda seen: len(seen) == 3)
    with world.reader("auto-execute") as reader:
        assert sum(reader.ends().values()) == 0


def test_a_plan_that_was_cleared_is_not_told_again(world: World) -> None:
    """A service without a store would do it once more."""
    world.start("router", "gatekeeper")
    told = plan("look")
    world.send(told)
    until(lambda: world.owner_of(told.plan_id))
    world.send(told, other := plan("look"))
    assert {each.plan_id for each in world.read(PlanCleared, 2)} == {told.plan_id, other.plan_id}
    until(lambda: world.lag("router", "plans") == 0)
    with world.reader("auto-execute") as reader:
        assert sum(reader.ends().values()) == 2


@pytest.mark.parametrize(
    "apps", [["router"], ["router", "gatekeeper"]], ids=["as it saw", "as the store has"]
)
def test_the_router_clears_no_revision_by_somebody_else(world: World, apps: list[str]) -> None:
    """A service without a store would act upon it under the owner's plan id."""
    world.start(*apps)
    own = plan("look")
    world.send(own)
    if len(apps) > 1:
        until(lambda: world.owner_of(own.plan_id))
    foreign = msgspec.structs.replace(own, event_id=uuid4(), revision=2, proposer="mallory")
    world.send(foreign)
    with world.reader("dead-letters") as reader:
        (letter,) = reader.messages(lambda seen: len(seen) == 1)
    assert "was first proposed by" in headers_of(letter)["plangate_error"]
    assert [each.revision for each in world.read(PlanCleared, 1)] == [1]


@pytest.mark.parametrize("other", ["look", "send"], ids=["harmless", "to be asked about"])
def test_the_router_takes_no_other_content_for_a_revision_that_it_has_seen(world: World, other: str) -> None:
    """The gatekeeper may hear of it before it hears of what a service without a store does already."""
    world.start("router")
    own = plan("look")
    copied = msgspec.structs.replace(own, event_id=uuid4(), steps=plan(other, "look").steps)
    world.send(own)
    world.send(copied)
    with world.reader("dead-letters") as reader:
        (letter,) = reader.messages(lambda seen: len(seen) == 1)
    assert headers_of(letter)["plangate_error"].endswith("goal or agent): propose it as revision 2")
    assert [each.plan_id for each in world.read(PlanCleared, 1)] == [own.plan_id]
    with world.reader("approval-requests") as reader:
        assert sum(reader.ends().values()) == 0


def test_a_copy_in_other_words_clears_nothing_of_what_the_router_has_asked(world: World) -> None:
    """Claims, goal and agent are not in the digest; the store hears of the question a moment later."""
    world.start("router")
    own = plan("look")
    claimed = [msgspec.structs.replace(each, claimed_tier=Tier.IRREVERSIBLE) for each in own.steps]
    world.send(msgspec.structs.replace(own, steps=claimed))
    world.send(own)
    with world.reader("dead-letters") as reader:
        (letter,) = reader.messages(lambda seen: len(seen) == 1)
    assert "has other content already (steps, claims, goal or agent)" in headers_of(letter)["plangate_error"]
    with world.reader("auto-execute") as reader:
        assert sum(reader.ends().values()) == 0


@pytest.mark.parametrize(
    ("key", "told"), [(None, "no Kafka key"), (b"order-17\n", 'the Kafka key "order-17\\n"')]
)
def test_the_router_takes_no_plan_under_another_key(world: World, key: bytes | None, told: str) -> None:
    """It would overtake, or be overtaken, on another partition, which another router reads."""
    world.start("router")
    own = plan("look")
    world.send_raw("plans", encode(own), key)
    with world.reader("dead-letters") as reader:
        (letter,) = reader.messages(lambda seen: len(seen) == 1)
    assert headers_of(letter)["plangate_error"] == (
        f"PlanProposed: it has {told}, and not its plan id: in another partition it could"
        " overtake other records of its plan. Its proposer must send it again with the key"
        f" {own.plan_id}; a replay keeps the key it has, so discard this letter"
    )


def test_why_the_router_refuses_the_plan_of_a_run_stands_at_the_run(world: World) -> None:
    """Who submitted it may have no right to read dead letters."""
    at, now = run("t1"), datetime.now(UTC)
    odd = plan("look", agent=Agent(name="b\u200bot"), run=at, plan_id=plan_id_of_pause(at))
    odd = msgspec.structs.replace(odd, event_id=proposal_id(odd.plan_id))
    with world.store.begin() as conn:
        pause_run(conn, "t1", register_run(conn, "t1", at.graph, "agent", 30.0, now), at, odd, now)
    world.start("router")
    world.send(odd)

    def error() -> str:
        with world.store.begin() as conn:
            return str(conn.execute(select(runs.c.error)).scalar_one())

    assert "agent.name" in until(error)


def test_the_router_tells_services_once_though_the_store_does_not_know_yet(world: World) -> None:
    world.start("router")
    told = plan("look")
    world.send(told)
    world.send(told)
    until(lambda: world.lag("router", "plans") == 0)
    with world.reader("auto-execute") as reader:
        assert sum(reader.ends().values()) == 1


def test_the_trace_of_a_plan_is_carried_on(world: World) -> None:
    world.start("router")
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    asked = plan("send")
    world.send_raw("plans", encode(asked), str(asked.plan_id).encode(), [("traceparent", trace.encode())])
    with world.reader("approval-requests") as reader:
        (message,) = reader.messages(lambda seen: len(seen) == 1)
    headers = headers_of(message)
    assert headers["traceparent"] == trace
    assert headers["ce_type"] == "plangate.ApprovalRequested"
    assert message.key() == str(asked.plan_id).encode()


def test_poison_between_good_plans_loses_no_good_one_and_is_kept_whole(world: World) -> None:
    world.start("router")
    good = [plan("look") for _ in range(200)]
    poison = []
    for number, each in enumerate(good):
        world.producer.produce(f"{world.prefix}plans", encode(each), str(each.plan_id))
        if number % 4 == 0:
            value = b"\xc3\x01 no plan %d" % number
            headers: list[tuple[str, str | bytes | None]] = [
                ("tried", b"1"),
                ("tried", b"2"),
                ("number", b"%d" % number),
            ]
            world.producer.produce(f"{world.prefix}plans", value, b"poison %d" % number, headers=headers)
            poison.append((b"poison %d" % number, value, headers))
    world.producer.flush()
    served = {each.plan_id for each in world.read(PlanCleared, len(good))}
    with world.reader("dead-letters") as reader:
        dead = reader.messages(lambda seen: len(seen) == len(poison))
    assert served == {each.plan_id for each in good}
    assert sorted(map(_original, dead)) == sorted(poison)
    marks = headers_of(dead[0])
    assert (marks["plangate_app"], marks["plangate_topic"]) == ("router", "plans")
    assert "PlanProposed" in marks["plangate_error"]
    assert int(marks["plangate_offset"]) >= 0
    assert until(lambda: world.lag("router", "plans") == 0)


def _original(message: Message) -> tuple[Any, Any, Any]:
    headers = [pair for pair in message.headers() or [] if not pair[0].startswith("plangate_")]
    return message.key(), message.value(), headers


def test_an_empty_record_and_a_plan_without_canonical_json_are_dead_letters(world: World) -> None:
    world.start("router")
    world.send_raw("plans", None, b"tombstone")
    large = plan(steps=(Step(step_id="1", action_type="look", arguments={"n": 2**60}),))
    world.send_raw("plans", to_json(large), str(large.plan_id).encode())
    with world.reader("dead-letters") as reader:
        dead = reader.messages(lambda seen: len(seen) == 2)
    errors = {each.key(): headers_of(each)["plangate_error"] for each in dead}
    assert "empty" in errors[b"tombstone"]
    assert "no canonical JSON" in errors[str(large.plan_id).encode()]


def test_a_plan_whose_request_is_too_large_for_its_topic_is_a_dead_letter(world: World) -> None:
    world.start("router")
    large, ok = _plan_of_bytes(1_000_000), plan("look")
    world.send(large, ok)
    assert world.read(PlanCleared, 1)[0].plan_id == ok.plan_id
    with world.reader("dead-letters") as reader:
        (dead,) = reader.messages(lambda seen: len(seen) == 1)
    assert dead.value() == encode(large)
    assert "approval-requests refused it" in headers_of(dead)["plangate_error"]


def test_a_dead_letter_that_no_topic_takes_is_kept_in_a_file(world: World) -> None:
    world.start("router")
    plan_of_it = _plan_of_bytes(1_048_390)
    large = encode(plan_of_it)  # Kafka takes 1,048,588 with all around it
    world.send_raw("plans", large, str(plan_of_it.plan_id).encode())
    (file,) = until(lambda: list((world.folder / "spool").glob("*.json")))
    kept = json.loads(file.read_text())
    assert b64decode(kept["value"]) == large
    assert "dead-letters refused it" in kept["problem"]
    assert until(lambda: world.lag("router", "plans") == 0)
    assert str(file) in world.workers[0].log.read_text()


def _plan_of_bytes(size: int) -> PlanProposed:
    one = plan("send").steps[0]
    small = plan(steps=(msgspec.structs.replace(one, arguments={"what": ""}),))
    text = "y" * (size - len(encode(small)))
    return msgspec.structs.replace(small, steps=(msgspec.structs.replace(one, arguments={"what": text}),))


def test_sigkill_and_sigterm_in_the_middle_lose_nothing(world: World) -> None:
    plans = [plan("look") for _ in range(6_000)]
    world.send(*plans)
    with world.reader("auto-execute") as reader:
        for number, end in enumerate((signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)):
            worker = world.start("router", instance="r1")
            reader.messages(lambda seen: len(seen) >= 300)
            worker.process.send_signal(end)
            assert worker.process.wait(30) == (0 if end is signal.SIGTERM else -signal.SIGKILL), number
    world.start("router", instance="r1")
    routed = {each.plan_id for each in world.read(PlanCleared, len(plans))}
    assert routed == {each.plan_id for each in plans}


@pytest.mark.slow
def test_workers_that_join_and_leave_lose_nothing(world: World) -> None:
    plans = [plan("look") for _ in range(6_000)]
    first = world.start("router")
    world.send(*plans[:2_000])
    second = world.start("router")
    world.send(*plans[2_000:4_000])
    assert first.end() == 0
    world.send(*plans[4_000:])
    routed = {each.plan_id for each in world.read(PlanCleared, len(plans))}
    assert routed == {each.plan_id for each in plans}
    until(lambda: world.lag("router", "plans") == 0)
    assert second.end() == 0


def test_a_clean_stop_leaves_nothing_to_do_again(world: World) -> None:
    worker = world.start("router")
    world.send(*(plan("look") for _ in range(500)))
    time.sleep(0.05)
    assert worker.end() == 0
    with world.reader("auto-execute") as reader:
        done = sum(reader.ends().values())
    assert world.lag("router", "plans") == 500 - done
