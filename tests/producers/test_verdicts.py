import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from itertools import pairwise
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from gate_events.records import PlanExecuted
from gate_events.topic_ids import TopicIds
from gate_events.words import GateState, OutcomeStatus, StepStatus, Timing
from gate_store.declared_effects import UndeclaredEffectError
from gate_store.engine.port import NotClearedError
from plangate import Step, effect, verdicts
from plangate.dev.apache_kafka import ApacheKafka
from producers.verdicts import NoOutcomeError, Verdicts
from tests.producers.records import STEPS, cleared, decided
from tests.producers.services import Bench

IDLE_S = 1.0


@pytest.fixture
def bench(kafka: ApacheKafka, topic_prefix: str) -> Bench:
    return Bench(kafka, topic_prefix)


def inbox_of(bench: Bench, **given: Any) -> Verdicts:
    given = {"group": "mailer", "executor": "svc-mail", "idle_s": IDLE_S, **given}
    return verdicts(bench.options, topic_prefix=bench.prefix, **given)


def settled(inbox: Verdicts) -> list[UUID]:
    """Take everything that is offered, and say at once that it is done."""
    plan_ids = []
    for work in inbox:
        work.done()
        plan_ids.append(work.plan_id)
    return plan_ids


@effect("send_email")
def send(step: Step) -> str:
    return f"sent to {step.arguments['to']}"


def test_what_may_run_runs_and_its_outcome_is_written(bench: Bench) -> None:
    plan, verdict = cleared(), decided()
    bench.say(plan, verdict)
    notes = {}
    with inbox_of(bench) as inbox:
        for work in inbox:
            notes[work.plan_id] = work.note
            with work:
                for step in work.steps:
                    work.once(step, send)
    assert notes == {plan.plan_id: "", verdict.plan_id: "fine"}
    outcomes = {outcome.plan_id: outcome for outcome in bench.outcomes()}
    assert set(outcomes) == {plan.plan_id, verdict.plan_id}
    outcome = outcomes[verdict.plan_id]
    assert (outcome.status, outcome.digest, outcome.executor) == (
        OutcomeStatus.DONE,
        verdict.digest,
        "svc-mail",
    )
    assert [(result.step_id, result.result) for result in outcome.results] == [
        ("s1", "sent to ann"),
        ("s2", "sent to bob"),
    ]


def test_what_has_an_outcome_is_not_handed_out_again(bench: Bench) -> None:
    bench.say(decided())
    with inbox_of(bench) as inbox:
        assert len(settled(inbox)) == 1
    with inbox_of(bench) as inbox:
        assert list(inbox) == []


def test_what_is_told_twice_is_carried_out_once(bench: Bench) -> None:
    """Outboxes and routers tell what they told before when they were killed in between."""
    plan, verdict = cleared(), decided()
    again = msgspec.structs.replace(plan, cleared_at=plan.cleared_at + timedelta(seconds=1))
    bench.say(plan, verdict, again, verdict)
    with inbox_of(bench) as inbox:
        assert sorted(settled(inbox)) == sorted([plan.plan_id, verdict.plan_id])
    assert len(bench.outcomes()) == 2


def test_only_what_may_run_runs(bench: Bench) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    rejected, good = decided(GateState.REJECTED), decided()
    bench.say(
        rejected,
        decided(GateState.SUPERSEDED),
        decided(use_by=past),
        decided(timing=Timing.AFTER),
        good,
    )
    with inbox_of(bench) as inbox:
        for work in inbox:
            assert work.plan_id == good.plan_id
            work.done()
    outcomes = {outcome.plan_id: outcome for outcome in bench.outcomes()}
    assert set(outcomes) == {rejected.plan_id, good.plan_id}
    assert outcomes[rejected.plan_id].status is OutcomeStatus.NOT_RUN
    assert {result.status for result in outcomes[rejected.plan_id].results} == {StepStatus.SKIPPED}


def test_a_service_may_leave_the_unrun_plans_to_others(bench: Bench) -> None:
    bench.say(decided(GateState.REJECTED))
    with inbox_of(bench, say_not_run=False) as inbox:
        assert list(inbox) == []
    assert bench.outcomes() == []


def test_a_step_that_raises_ends_its_plan_and_not_the_service(bench: Bench) -> None:
    plan_ids = [uuid4(), uuid4()]
    bench.say(*(decided(plan_id=plan_id) for plan_id in plan_ids))
    seen = []

    @effect("send_email")
    def fail(step: Step) -> str:
        raise ConnectionError("mail server is down")

    with inbox_of(bench) as inbox:
        for work in inbox:
            seen.append(work.plan_id)
            with work:
                work.once("s1", fail)
                work.once("s2", send)
    assert sorted(seen) == sorted(plan_ids)
    for outcome in bench.outcomes():
        assert outcome.status is OutcomeStatus.FAILED
        first, second = outcome.results
        assert (first.status, first.detail) == (StepStatus.FAILED, "ConnectionError: mail server is down")
        assert second.status is StepStatus.SKIPPED


def test_another_exception_leaves_the_plan_to_the_next_start(bench: Bench) -> None:
    verdict = decided()
    bench.say(verdict)
    with inbox_of(bench) as inbox, pytest.raises(KeyError), next(iter(inbox)):
        raise KeyError("a bug of the service's own")
    assert bench.outcomes() == []
    with inbox_of(bench) as inbox:
        assert settled(inbox) == [verdict.plan_id]


def test_a_plan_that_is_forgotten_is_pointed_out(bench: Bench) -> None:
    bench.say(decided())
    with inbox_of(bench) as inbox, pytest.raises(NoOutcomeError, match="use `with work:`"):
        list(inbox)


def test_a_step_that_is_not_the_approved_one_is_refused(bench: Bench) -> None:
    bench.say(decided())
    with inbox_of(bench) as inbox:
        work = next(iter(inbox))
        with pytest.raises(NotClearedError, match="it is not the step that was approved"):
            work.once(Step("send_email", {"to": "eve"}, "s1"), send)
        with pytest.raises(NotClearedError, match="has no such step"):
            work.once("s9", send)
        work.done()
    (outcome,) = bench.outcomes()
    assert outcome.status is OutcomeStatus.NOT_RUN


def test_a_function_that_was_declared_for_something_else_ends_the_plan_not_the_service(bench: Bench) -> None:
    bench.say(decided(), good := decided())
    called = []

    @effect("look_up_order")
    def look_up(step: Step) -> None:
        called.append(step)

    with inbox_of(bench) as inbox:
        for work in inbox:
            with work:
                for step in work.steps:
                    work.once(step, send if work.plan_id == good.plan_id else look_up)
    assert called == []
    served, refused = sorted(bench.outcomes(), key=lambda outcome: outcome.status.value)
    assert (served.plan_id, served.status) == (good.plan_id, OutcomeStatus.DONE)
    assert refused.status is OutcomeStatus.FAILED
    assert "look_up was declared for look_up_order only" in refused.results[0].detail
    assert [result.status for result in refused.results] == [StepStatus.FAILED, StepStatus.SKIPPED]


def test_a_function_without_a_mark_leaves_the_plan_to_the_next_start(bench: Bench) -> None:
    verdict = decided()
    bench.say(verdict)

    def unmarked(step: Step) -> None:
        raise AssertionError(step)

    with (
        inbox_of(bench) as inbox,
        pytest.raises(UndeclaredEffectError, match=r'unmarked was declared for no.*@effect\("send_email"\)'),
        next(iter(inbox)) as work,
    ):
        work.once("s1", unmarked)
    assert bench.outcomes() == []
    with inbox_of(bench) as inbox:
        assert settled(inbox) == [verdict.plan_id]


def test_members_of_a_group_share_the_plans(bench: Bench) -> None:
    records = [decided() for _ in range(20)]
    seen: list[list[Any]] = [[], []]

    def serve(number: int) -> None:
        with inbox_of(bench, idle_s=3) as inbox:
            for work in inbox:
                seen[number].append(work.plan_id)
                work.done()

    members = [threading.Thread(target=serve, args=(number,)) for number in range(2)]
    for member in members:
        member.start()
    bench.say(*records)
    for member in members:
        member.join(60)
    assert sorted(seen[0] + seen[1]) == sorted(record.plan_id for record in records)


def test_a_topic_that_is_made_anew_is_read_from_its_beginning(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it has other records already at the offset where the service stands."""
    monkeypatch.setattr("producers.hearing.TopicIds", partial(TopicIds, every_s=0.2))
    before, after = [decided() for _ in range(20)], [decided() for _ in range(60)]
    bench.say(*before)
    wanted = {record.plan_id for record in before}
    with inbox_of(bench, idle_s=10, consumer={"fetch.error.backoff.ms": 3000}) as inbox:
        for work in inbox:
            work.done()
            wanted.discard(work.plan_id)
            if not wanted and after:
                bench.make_anew("verdicts")
                bench.say(*after)
                wanted, after = {record.plan_id for record in after}, []
            elif not wanted:
                inbox.stop()
    assert not wanted


def test_a_group_that_may_not_forget_where_it_stood_says_so_once_and_reads_once_it_may(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refused: list[float] = []

    class Refused(Consumer):
        def commit(self, *given: Any, **more: Any) -> Any:
            if "offsets" in more and len(refused) < 2:
                refused.append(monotonic())
                raise KafkaException(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED))
            return super().commit(*given, **more)

    monkeypatch.setattr("producers.hearing.TopicIds", partial(TopicIds, every_s=0.2))
    monkeypatch.setattr("producers.hearing._ASK_S", 0.3)
    monkeypatch.setattr("producers.hearing.Consumer", Refused)
    before, after = decided(), [decided() for _ in range(20)]
    bench.say(before)
    seen: list[UUID] = []
    with inbox_of(bench, idle_s=10) as inbox:
        for work in inbox:
            work.done()
            seen.append(work.plan_id)
            if work.plan_id == before.plan_id:
                bench.make_anew("verdicts")
                bench.say(*after)
            elif len(seen) > len(after):
                inbox.stop()
    assert sorted(seen) == sorted(each.plan_id for each in [before, *after])
    assert all(later - sooner >= 0.3 for sooner, later in pairwise(refused))
    (told,) = (each for each in caplog.messages if "is not read yet" in each)
    assert "plangate topics acls" in told


def test_what_cannot_be_read_or_contradicts_itself_goes_to_dead_letters(bench: Bench) -> None:
    other = msgspec.structs.replace(decided(), steps=STEPS[:1])
    bench.say_bytes("verdicts", b"\x00nonsense")
    bench.say(other)
    good = decided()
    bench.say(good)
    with inbox_of(bench) as inbox:
        assert settled(inbox) == [good.plan_id]
    dead = {message.value(): dict(message.headers() or []) for message in bench.read("dead-letters")}
    assert len(dead) == 2
    errors = b" ".join(headers["plangate_error"] for headers in dead.values())  # type: ignore[misc]
    assert b"registry" in errors
    assert b"digest is not that of its own steps" in errors
    assert dead[b"\x00nonsense"]["origin"] == b"test"
    assert dead[b"\x00nonsense"]["plangate_topic"] == f"{bench.prefix}verdicts".encode()


@pytest.mark.parametrize("topic", ["verdicts", "auto-execute"])
def test_a_record_that_was_sent_compressed_and_is_too_large_to_be_kept_whole_is_cut(
    bench: Bench, topic: str
) -> None:
    """No broker takes it as it is among the dead letters."""
    bomb = bytes(5_000_000)
    packing: Any = {**bench.options, "compression.type": "gzip", "message.max.bytes": 10_000_000}
    producer = Producer(packing)
    producer.produce(bench.prefix + topic, bomb, b"key", headers=[("origin", b"test")])
    assert producer.flush(20) == 0
    good = decided()
    bench.say(good)
    with inbox_of(bench) as inbox:
        assert settled(inbox) == [good.plan_id]
    (letter,) = bench.read("dead-letters")
    marks = dict(letter.headers() or [])
    assert letter.value() == bomb[:65_536]
    assert (marks["plangate_length"], marks["origin"]) == (b"5000000", b"test")
    assert marks["plangate_sha256"] == sha256(bomb).hexdigest().encode()
    assert f"the whole is on {bench.prefix}{topic}-".encode() in (marks["plangate_error"] or b"")


def test_a_stopped_inbox_ends_after_the_work_in_hand(bench: Bench) -> None:
    bench.say(decided(), decided())
    with inbox_of(bench, idle_s=None) as inbox:
        for work in inbox:
            inbox.stop()
            work.done()
    assert len(bench.outcomes()) == 1


def test_an_outcome_said_twice_is_the_same_event(bench: Bench) -> None:
    verdict = decided()
    bench.say(verdict, msgspec.structs.replace(verdict, event_id=uuid4()))
    with inbox_of(bench) as inbox:
        for work in inbox:
            work.done()
    first, second = bench.outcomes()
    assert isinstance(first, PlanExecuted)
    assert first.event_id == second.event_id
