"""What the apps count: records, dead letters by their reason, decisions, and how runs end."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Connection

from gate_events.words import DecisionKind
from gate_store.dispositions import Fate
from gate_store.engine.port import Act, EngineStore, FenceLostError, RunEnd
from plangate.worker.resumer_wiring import traits_of
from stream_apps import metrics
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.resumer.commits import Commits
from tests.apps.test_routing import Writer, received, routing_to
from tests.apps.world import plan
from tests.claims.gate import CATALOGUE, asked, commit, proposed, step
from tests.store.conftest import conn, shared_postgresql, shared_sqlite
from tests.store.examples import NOON, decided

__all__ = ["conn", "shared_postgresql", "shared_sqlite"]

Grown = Callable[..., float]


@pytest.fixture
def grown() -> Grown:
    """By how much a sample grew during the test."""
    before = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in metrics.REGISTRY.collect()
        for sample in metric.samples
    }

    def by(name: str, **labels: str) -> float:
        now = metrics.REGISTRY.get_sample_value(name, labels) or 0.0
        return now - before.get((name, tuple(sorted(labels.items()))), 0.0)

    return by


def test_a_batch_is_counted_by_topic_and_timed_by_group(grown: Grown) -> None:
    metrics.processed("acme.plangate-gatekeeper", ["acme.decisions", "acme.outcomes", "acme.decisions"], 0.2)
    common = {"messaging_system": "kafka", "messaging_consumer_group_name": "acme.plangate-gatekeeper"}
    for topic, count in {"acme.decisions": 2, "acme.outcomes": 1}.items():
        labels = {**common, "messaging_operation_name": "poll", "messaging_destination_name": topic}
        assert grown("messaging_client_consumed_messages_total", **labels) == count
    timed = {**common, "messaging_operation_name": "process"}
    assert grown("messaging_process_duration_seconds_count", **timed) == 1
    assert grown("messaging_process_duration_seconds_bucket", **timed, le="0.1") == 0
    assert grown("messaging_process_duration_seconds_bucket", **timed, le="0.25") == 1


async def test_a_dead_letter_is_counted_by_its_topic_and_its_reason(tmp_path: Path, grown: Grown) -> None:
    writer = Writer()
    routing = routing_to(writer, tmp_path)
    broken, refused = received(plan("look")), received(plan("look"))
    broken.message.value = b"no record"
    writer.refuses = "auto-execute"
    await routing.handle([broken, refused])
    for reason in ("unreadable", "unsendable"):
        assert grown("plangate_dead_letters_total", topic="plans", reason=reason) == 1


def test_a_decision_is_told_with_how_long_its_gate_was_open_and_once(conn: Connection) -> None:
    question = asked(proposed(step("pay")))
    approval, came = decided(question), NOON + timedelta(minutes=5)
    commit(conn, question)
    [(kind, what)] = commit_batch(conn, [approval], CATALOGUE, came, [came]).decided
    assert (kind, what.fate, what.open_for) == (DecisionKind.APPROVE, Fate.DECIDED, timedelta(minutes=5))
    [(_, again)] = commit_batch(conn, [approval], CATALOGUE, came, [came]).decided
    assert (again.fate, again.open_for) == (Fate.DECIDED, None)


def test_time_to_decide_is_counted_where_a_gate_was_closed(grown: Grown) -> None:
    metrics.decided("APPROVE", "DECIDED", timedelta(minutes=2))
    metrics.decided("APPROVE", "LATE", None)
    assert grown("plangate_decisions_total", kind="APPROVE", fate="LATE") == 1
    assert grown("plangate_time_to_decide_seconds_count", kind="APPROVE") == 1
    assert grown("plangate_time_to_decide_seconds_sum", kind="APPROVE") == 120


def test_an_action_type_that_the_catalogue_does_not_have_is_no_label() -> None:
    traits = traits_of(CATALOGUE)
    assert traits("pay").action_type == "pay"
    assert traits("made up by a liar").action_type == metrics.UNKNOWN


class Flushes:
    """Refuses the acts of run `lost`."""

    async def flush(self, acts: list[Act]) -> list[Exception | None]:
        return [FenceLostError("lost", 1) if act.thread_id == "lost" else None for act in acts]


async def test_how_a_resume_ended_is_counted_once_it_is_durable(grown: Grown) -> None:
    commits = Commits(cast(EngineStore, Flushes()))
    commits.start()
    await commits.submit(Act("a", 1, end=RunEnd("DONE")))
    await commits.submit(Act("a", 2))
    with pytest.raises(FenceLostError):
        await commits.submit(Act("lost", 1, end=RunEnd("DONE")))
    await commits.close(5)
    assert grown("plangate_resumes_total", status="DONE") == 1
