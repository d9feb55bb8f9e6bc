"""A Java program that knows only the contracts proposes a plan and reads its verdict."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Message, Producer
from msgspec.structs import replace

from gate_events.codec import decode, encode
from gate_events.contracts import folder
from gate_events.digest import plan_digest
from gate_events.headers import cloud_event
from gate_events.records import PlanDecided, PlanProposed
from gate_events.topics import key_of
from gate_events.words import GateState, RequestKind, Timing
from plangate.dev import maven
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.java import find_java
from tests.services import required

pytestmark = pytest.mark.kafka

EXAMPLE = Path(__file__).parents[2] / "examples" / "java-service"


@pytest.fixture(scope="module")
def java() -> list[str]:
    """The command that runs the example, up to its arguments."""
    with required():
        libs = maven.resolve("Java example", EXAMPLE / "pom.xml")
        program = [find_java("Java example"), "-XX:TieredStopAtLevel=1", "-cp", f"{libs}/*"]
    return [*program, str(EXAMPLE / "ProposeAndWait.java")]


@pytest.fixture
def began() -> datetime:
    """A moment before the example starts, in whole milliseconds as Java's clock has it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


@pytest.fixture
def service(
    began: datetime, java: list[str], kafka: ApacheKafka, topic_prefix: str
) -> Iterator[subprocess.Popen[str]]:
    """The example, running; it has proposed or is about to."""
    kafka.create_topics(f"{topic_prefix}plans", f"{topic_prefix}verdicts")
    arguments = [kafka.bootstrap_servers, str(folder()), topic_prefix]
    with subprocess.Popen(
        [*java, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def say(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line that the example prints."""
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    assert line, process.stderr.read()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def first_message(kafka: ApacheKafka, topic: str) -> Message:
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": f"test-{topic}",
            "auto.offset.reset": "earliest",
        }
    )
    try:
        consumer.subscribe([topic])
        message = consumer.poll(30)
        assert message is not None
        assert not message.error()
        return message
    finally:
        consumer.close()


def as_bytes(value: str | bytes | None) -> bytes:
    assert isinstance(value, bytes)
    return value


def publish(kafka: ApacheKafka, topic: str, verdict: PlanDecided) -> Message:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "partitioner": "murmur2_random"})
    sent: list[Message] = []
    producer.produce(
        topic,
        encode(verdict),
        key_of(verdict),
        headers=dict(cloud_event(verdict, "gatekeeper")),
        on_delivery=lambda _, message: sent.append(message),
    )
    assert producer.flush(30) == 0
    assert not sent[0].error()
    return sent[0]


def verdict_on(plan: PlanProposed, **changes: Any) -> PlanDecided:
    """An approval of the plan with a reviewer's edit: a new revision, a new digest."""
    arguments = {**plan.steps[0].arguments, "amount": 1e21, "tiny": 1e-7, "ö": "€ 😀 \u2028 \x1f"}
    edited = replace(plan.steps[0], arguments=arguments)
    now = datetime.now(UTC)
    verdict = PlanDecided(
        event_id=uuid4(),
        request_id=uuid4(),
        decision_id=uuid4(),
        kind=RequestKind.PLAN,
        timing=Timing.BEFORE,
        plan_id=plan.plan_id,
        revision=plan.revision + 1,
        digest=plan_digest(plan.plan_id, plan.revision + 1, (edited,), plan.run),
        state=GateState.APPROVED,
        execute=True,
        steps=(edited,),
        run=plan.run,
        decided_by="eva",
        decided_at=now,
        note="only Eva",
        use_by=now + timedelta(hours=1),
    )
    return replace(verdict, **changes)


def test_java_proposes_a_plan_and_acts_on_its_verdict(
    began: datetime, service: subprocess.Popen[str], kafka: ApacheKafka, topic_prefix: str
) -> None:
    said = say(service)
    message = first_message(kafka, f"{topic_prefix}plans")
    plan = decode(as_bytes(message.value()), PlanProposed)

    assert said == {
        "proposed": str(plan.plan_id),
        "digest": plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run),
    }
    assert message.key() == key_of(plan)
    assert plan.steps[0].arguments == {"to": "eva@example.com", "amount": 1250, "currency": "€"}
    assert began <= plan.proposed_at <= datetime.now(UTC)
    headers = dict(message.headers() or [])
    ours = dict(cloud_event(plan, "java-billing"))
    assert headers.keys() == ours.keys()
    assert [name for name in ours if headers[name] != ours[name]] == ["ce_time", "traceparent"]
    assert re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-01", as_bytes(headers["traceparent"]))

    verdict = verdict_on(plan)
    sent = publish(kafka, f"{topic_prefix}verdicts", verdict)
    assert sent.partition() == message.partition(), "both languages put a plan into the same partition"

    heard = say(service)
    arguments = json.loads(heard.pop("steps")[0]["arguments"])
    assert arguments == verdict.steps[0].arguments
    assert heard == {
        "may_act": True,
        "digest": verdict.digest,
        "plan_id": str(plan.plan_id),
        "state": "APPROVED",
        "decided_by": "eva",
        "note": "only Eva",
    }
    assert service.wait(30) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"execute": False, "state": GateState.REJECTED},
        {"use_by": datetime(2026, 1, 1, tzinfo=UTC)},
        {"digest": "ab" * 32},
    ],
    ids=["rejected", "past its use-by", "other steps than were decided"],
)
def test_java_does_not_act_on_a_verdict_that_does_not_allow_it(
    service: subprocess.Popen[str], kafka: ApacheKafka, topic_prefix: str, changes: dict[str, Any]
) -> None:
    say(service)
    plan = decode(as_bytes(first_message(kafka, f"{topic_prefix}plans").value()), PlanProposed)
    publish(kafka, f"{topic_prefix}verdicts", verdict_on(plan, **changes))
    assert say(service)["may_act"] is False
