"""One trace from a submit to the outcome of what it led to, over the store and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from gate_events.records import ApprovalRequested
from gate_events.tracing import in_trace, process_tracer
from gate_events.words import DecisionKind
from gate_store.traces import trace_of_gate
from producers.decisions import decide
from producers.submitter import open_submitter
from stream_apps.resumer.graphs import load_graphs
from tests.resumer.stage import Stage, config, resumer
from tests.traces.house import House, Spans

PROJECT = Path(__file__).parent / "project"
FILE = PROJECT / "langgraph.json"
ARGUMENT = "4111"
PEOPLE = ("ana", "ben")
CATALOGUE = """
version: 1
mode: tiered
defaults: {deadline: 8h, use_by: 1h}
actions:
  mail: {tier: IRREVERSIBLE, says: "Mail {{ to }}"}
  post: {tier: IRREVERSIBLE, says: "Post to {{ to }}"}
  fail: {tier: IRREVERSIBLE, says: "Fail for {{ to }}"}
"""
ALLOWED = {
    *("messaging.system", "messaging.destination.name", "messaging.operation.name"),
    *("messaging.operation.type", "messaging.destination.partition.id", "messaging.kafka.offset"),
    *("messaging.consumer.group.name", "error.type"),
    *("plangate.plan_id", "plangate.gate_id", "plangate.run.thread_id", "plangate.action_type"),
    *("plangate.step_id", "plangate.tier", "plangate.role"),
}


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    """Of this process, as its owner has set OpenTelemetry up."""
    spans = Spans()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", spans.provider)
    return spans


@pytest.fixture
def house(tmp_path: Path, spans: Spans) -> Iterator[House]:
    house = House(tmp_path, spans.tracer, CATALOGUE)
    yield house
    house.store.dispose()


async def submit(house: House) -> None:
    graph = (await load_graphs(FILE))["reminders"].graph
    async with open_submitter(house.url, graphs_file=FILE) as submitter:
        await submitter.submit(graph, {}, name="reminders", thread_id="t1")


async def asked(house: House) -> ApprovalRequested:
    await house.flow()
    return house.kafka.on("approval-requests")[0].record  # type: ignore[no-any-return]


def approve(house: House, request: ApprovalRequested) -> None:
    """As `plangate approve` does."""
    with house.store.begin() as conn:
        kept = trace_of_gate(conn, request.request_id)
    with in_trace(kept):
        decide(house, request, DecisionKind.APPROVE, by="ana", note=f"fine, {ARGUMENT}")


async def resume(house: House) -> None:
    stage = Stage(house.url, house.store, PROJECT)
    async with resumer(config(house.url, graphs_file=FILE, publish=house.resumers_relay.publish)):
        await stage.wait("DONE")


async def whole_way(house: House) -> None:
    await submit(house)
    approve(house, await asked(house))
    await house.flow()
    await resume(house)
    await house.flow()


async def test_a_plan_is_one_trace_from_submit_to_outcome(house: House, spans: Spans) -> None:
    with process_tracer().start_as_current_span("an agent's night"):
        await submit(house)
    approve(house, await asked(house))
    await house.flow()
    await resume(house)
    await house.flow()
    parents = {
        "an agent's night": "",
        "submit": "an agent's night",
        "send plans": "submit",
        "process plans": "send plans",
        "send approval-requests": "process plans",
        "process approval-requests": "send approval-requests",
        "send decisions": "process approval-requests",
        "process decisions": "send decisions",
        "send verdicts": "process decisions",
        "resume": "process decisions",
        "effect mail": "resume",
        "GET /mail": "effect mail",
        "effect post": "resume",
        "GET /post": "effect post",
        "effect fail": "resume",
        "send outcomes": "resume",
        "process outcomes": "send outcomes",
    }
    assert {span.name: spans.parent_of(span.name) for span in spans.all()} == parents
    assert len({span.context.trace_id for span in spans.all() if span.context}) == 1


async def test_a_run_that_needs_nobody_is_resumed_in_its_plans_trace(tmp_path: Path, spans: Spans) -> None:
    house = House(tmp_path, spans.tracer, CATALOGUE.replace("IRREVERSIBLE", "REVERSIBLE"))
    await submit(house)
    await house.flow()
    await resume(house)
    assert spans.parent_of("process auto-execute") == "send auto-execute"
    assert spans.parent_of("resume") == "process auto-execute"
    assert len({span.context.trace_id for span in spans.all() if span.context}) == 1
    house.store.dispose()


async def test_no_span_holds_more_than_ids_and_words_of_the_catalogue(house: House, spans: Spans) -> None:
    await whole_way(house)
    said = [str(value) for span in spans.all() for value in (span.attributes or {}).values()]
    said += [f"{span.name} {span.status.description}" for span in spans.all()]
    assert {name for span in spans.all() for name in span.attributes or {}} == ALLOWED
    assert [word for word in said if ARGUMENT in word or word in PEOPLE] == []
    assert [event for span in spans.all() for event in span.events] == []


async def test_of_an_effect_that_fails_the_span_names_the_class_alone(house: House, spans: Spans) -> None:
    await whole_way(house)
    status = spans.named("effect fail").status
    assert (status.status_code, status.description) == (StatusCode.ERROR, "ValueError")
    assert spans.named("resume").status.status_code is StatusCode.UNSET


async def test_without_opentelemetry_the_plans_trace_is_carried_all_the_way(tmp_path: Path) -> None:
    house = House(tmp_path, None, CATALOGUE)
    await whole_way(house)
    own = [sent for sent in house.kafka.log if sent.topic != "decisions"]
    assert {sent.topic for sent in own} == {"plans", "approval-requests", "verdicts", "outcomes"}
    assert len({sent.traceparent[:36] for sent in own}) == 1
    house.store.dispose()
