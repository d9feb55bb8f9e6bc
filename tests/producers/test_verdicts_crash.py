from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gate_events.codec import decode, framed
from gate_events.ids import derived, effect_key
from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus, Resolution, StepStatus
from gate_store.clearances import record_cleared
from gate_store.database import open_store
from gate_store.decisions import apply_decisions
from gate_store.doubts import ask_about_doubted
from gate_store.gates import open_gates
from gate_store.tables import effects, outbox
from plangate import Step, effect, verdicts
from plangate.dev.apache_kafka import ApacheKafka
from tests.forked import killed
from tests.producers.dying_service import GROUP, LEASE_S, MEMBER
from tests.producers.records import STEPS, cleared
from tests.producers.services import Bench
from tests.stores import migrated

CATALOGUE = """
version: 1
actions:
  send_email:
    tier: REVERSIBLE
    says: "Send an email to {{{{ to }}}}"
    arguments: [to]
    undo: {{action: send_email, arguments: {{to: "{{{{ to }}}}"}}}}
    idempotent: {idempotent}
"""


class Scene:
    """One cleared plan of one step, a service that dies, and the service's next start."""

    def __init__(self, bench: Bench, store_url: str, folder: Path) -> None:
        migrated(store_url)
        self.bench, self.store_url, self.folder = bench, store_url, folder
        self.store = open_store(store_url)
        self.plan = cleared(STEPS[:1])

    def in_store(self, function: Any, *arguments: Any) -> Any:
        with self.store.begin() as conn:
            return function(conn, *arguments)

    def clear(self, *, idempotent: bool = False) -> None:
        (self.folder / "catalogue.yaml").write_text(CATALOGUE.format(idempotent=str(idempotent).lower()))
        self.in_store(record_cleared, [self.plan], datetime.now(UTC))
        self.bench.say(self.plan)

    def die(self, point: str) -> None:
        servers = self.bench.options["bootstrap.servers"]
        arguments = (self.bench.prefix, self.store_url, self.folder, point)
        killed("tests.producers.dying_service", servers, *arguments)

    def serve(self) -> list[str]:
        """The service's next start; returns the keys under which it did something."""
        keys: list[str] = []

        @effect("send_email")
        def send(step: Step) -> str:
            with (self.folder / "effects").open("a") as file:
                file.write(f"{step.step_id}\n")
            return "sent"

        with verdicts(
            self.bench.options,
            consumer=MEMBER,
            group=GROUP,
            store_url=self.store_url,
            catalogue=self.folder / "catalogue.yaml",
            topic_prefix=self.bench.prefix,
            lease_s=LEASE_S,
            idle_s=1,
        ) as inbox:
            for work in inbox:
                with work:
                    for step in work.steps:
                        work.once(step, send)
                        keys.append(work.key(step))
        return keys

    @property
    def effects(self) -> list[str]:
        return (self.folder / "effects").read_text().split()

    @property
    def effect_state(self) -> str:
        return str(self.in_store(lambda conn: conn.execute(select(effects.c.state)).scalar_one()))

    def asked(self) -> Sequence[ApprovalRequested]:
        """What the gatekeeper's clock asks about what is in doubt."""
        self.in_store(ask_about_doubted, datetime.now(UTC), None)
        query = select(outbox.c.body).where(outbox.c.record == "ApprovalRequested")
        bodies = self.in_store(lambda conn: conn.execute(query).scalars().all())
        return [decode(framed(body, ApprovalRequested, None), ApprovalRequested) for body in bodies]

    def resolve(self, request: ApprovalRequested, resolution: Resolution) -> None:
        """As the gatekeeper would: the question opens its gate, a human answers, the verdict is published."""
        now = datetime.now(UTC)
        answer = DecisionMade(
            event_id=derived("answer", request.request_id),
            request_id=request.request_id,
            plan_id=request.plan_id,
            revision=request.revision,
            digest=request.digest,
            kind=DecisionKind.RESOLVE,
            decided_at=now,
            decided_by="ann",
            decider=DeciderKind.PERSON,
            resolution=resolution,
        )
        self.in_store(open_gates, [request], now)
        self.in_store(apply_decisions, [answer], now, lambda *_: None, lambda *_: "no undo")
        query = select(outbox.c.body).where(outbox.c.record == "PlanDecided")
        body = self.in_store(lambda conn: conn.execute(query).scalar_one())
        self.bench.say(decode(framed(body, PlanDecided, None), PlanDecided))


@pytest.fixture
def scene(kafka: ApacheKafka, topic_prefix: str, store_url: str, tmp_path: Path) -> Any:
    made = Scene(Bench(kafka, topic_prefix), store_url, tmp_path)
    yield made
    made.store.dispose()


def test_a_service_killed_after_the_effect_does_not_do_it_again(scene: Scene) -> None:
    scene.clear()
    scene.die("before-the-outcome")
    scene.serve()
    assert scene.effects == ["s1"]
    (outcome,) = scene.bench.outcomes()
    assert outcome.status is OutcomeStatus.DONE
    assert [(result.status, result.result) for result in outcome.results] == [(StepStatus.SUCCEEDED, "sent")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("resolution", "happened", "status"),
    [
        (Resolution.HAPPENED, ["s1"], OutcomeStatus.DONE),
        (Resolution.RETRY, ["s1", "s1"], OutcomeStatus.DONE),
        (Resolution.ABANDON, ["s1"], OutcomeStatus.FAILED),
    ],
)
def test_a_service_killed_inside_the_effect_goes_on_by_a_humans_word(
    scene: Scene, resolution: Resolution, happened: list[str], status: OutcomeStatus
) -> None:
    scene.clear()
    scene.die("inside-the-effect")
    scene.serve()
    assert (scene.effects, scene.effect_state, scene.bench.outcomes()) == (["s1"], "IN_DOUBT", [])
    (request,) = scene.asked()
    scene.resolve(request, resolution)
    scene.serve()
    assert scene.effects == happened
    (outcome,) = scene.bench.outcomes()
    assert outcome.status is status


def test_an_idempotent_step_is_repeated_with_the_same_key(scene: Scene) -> None:
    scene.clear(idempotent=True)
    scene.die("inside-the-effect")
    assert scene.serve() == [str(effect_key(scene.plan.plan_id, "s1"))]
    assert scene.effects == ["s1", "s1"]
    (outcome,) = scene.bench.outcomes()
    assert outcome.status is OutcomeStatus.DONE
