"""What a test of a graph sees at the fake gate is what the resumer makes of it: one table holds both."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from gate_events.records import PlanProposed
from gate_events.words import DecisionKind, GateState
from gate_store.database import open_store
from plangate import Plan, Step
from plangate.testing import Answer, FakeGate, approve, expire, reject, respond
from stream_apps.resumer.graphs import load_graphs
from tests.resumer.stage import IDEMPOTENT, PROJECT, Stage, config, resumer
from tests.stores import migrated

Happened = Callable[[], list[str]]

KINDS = {
    GateState.APPROVED: DecisionKind.APPROVE,
    GateState.REJECTED: DecisionKind.REJECT,
    GateState.RESPONDED: DecisionKind.RESPOND,
}


@dataclass(frozen=True)
class Seen:
    """What became of a run: `error` where it failed, `sent` of its graph's last state."""

    error: str
    sent: list[Any] | None


class World(Protocol):
    async def __call__(self, graph: str, answer: Answer, state: dict[str, Any]) -> Seen: ...


@dataclass(frozen=True)
class Case:
    """A graph of the project, what is said at each of its gates, and what is to be seen."""

    graph: str
    happened: list[str]
    answer: Answer = field(default_factory=approve)
    state: dict[str, Any] = field(default_factory=lambda: {"who": ["ann", "bob"]})
    sent: list[Any] | None = None
    error: str = ""
    in_order: bool = True


BOTH = ["ann", "bob"]
ANN = {"who": ["ann"]}
TO_BOTH = ["sent to ann", "sent to bob"]
FIRST_ONLY = approve([Step("email.send", {"to": "ann"}, step_id="s1")])


def paying(action: str) -> dict[str, Any]:
    return {"who": ["ann"], "action": action}


CASES = {
    "approved steps happen in an async node": Case("billing", BOTH, sent=TO_BOTH),
    "approved steps happen in a plain node": Case("blocking", BOTH, sent=TO_BOTH),
    "approved steps happen in a subgraph": Case("nested", BOTH, sent=TO_BOTH),
    "a rejected plan does nothing": Case("billing", [], reject("not today"), sent=[]),
    "a plan that is answered with words does nothing": Case("billing", [], respond("which bob?"), sent=[]),
    "an edited plan happens as edited": Case("billing", ["ann"], FIRST_ONLY, sent=["sent to ann"]),
    "each gate is answered": Case("two_gates", ["ann", "bob", "second"], sent=[*TO_BOTH, "sent to second"]),
    "a step that nobody approved is refused, whatever the node catches": Case(
        "sneaky", BOTH, sent=[*TO_BOTH, "NotClearedError"]
    ),
    "a step that was edited away is refused": Case(
        "sneaky", ["ann"], FIRST_ONLY, sent=["sent to ann", "NotClearedError", "NotClearedError"]
    ),
    "steps out of their order are refused": Case(
        "backwards", [], error="step s2 was refused: step s1 stands before it and has not begun"
    ),
    "steps without an order happen in any": Case("backwards_unordered", ["bob", "ann"]),
    "steps begun at once in their order happen": Case("beside", BOTH, sent=TO_BOTH, in_order=False),
    "branches do the steps of a plan without order": Case("fanned_out", BOTH, in_order=False),
    "a function of another action type is refused": Case(
        "pays", [], state=paying("look_up_order"), error="step s1 (look_up_order) was refused: "
    ),
    "a step is named by its id": Case("pays_by_id", ["paid ann"], state=paying("pay_refund")),
    "a step under another action type is refused": Case(
        "renames", [], state=paying("look_up_order"), error="it is not the step that was approved"
    ),
    "a function without a mark is refused": Case(
        "no_mark", [], state=paying("pay_refund"), error="was declared for no action type"
    ),
    "functions are picked by action type": Case(
        "named", ["looked up ann"], state=paying("look_up_order"), sent=["found"]
    ),
    "an action type without a function is refused": Case(
        "named", [], state=paying("pay_refund"), error="langgraph.json names no function for it"
    ),
    "an effect that asks fails": Case(
        "asks", ["begin ann"], state=ANN, error="may not be called inside an effect"
    ),
    "an effect that interrupts fails": Case(
        "interrupts_async", ["begin ann"], state=ANN, error="may not be called inside an effect"
    ),
    "what is no JSON is not kept": Case("resultless", ["ann"], state=ANN, sent=[None]),
    "an effect's own error goes on to the node": Case("telling", [], state=ANN, error="no mailbox ann"),
    "a gate whose pause was caught is noticed": Case(
        "catching_later", BOTH, error="called gate() and went on without an answer"
    ),
    "a graph gated from outside happens": Case("static", BOTH, sent=TO_BOTH),
    "a graph gated from outside takes an edit": Case("static", ["ann"], FIRST_ONLY, sent=["sent to ann"]),
    "a graph gated from outside is not run against a no": Case("static", [], reject()),
    "a graph without apply_edit takes no edit": Case(
        "static_plain", [], FIRST_ONLY, error="the plan was edited, and "
    ),
}


@pytest.fixture(params=["resumer", "fake"])
def world(request: pytest.FixtureRequest, happened: Happened) -> Iterator[World]:
    if request.param == "fake":
        yield at_fake_gate
        return
    url = request.getfixturevalue("sqlite_url")
    migrated(url)
    engine = open_store(url)
    yield ByResumer(Stage(url, engine))
    engine.dispose()


async def at_fake_gate(graph: str, answer: Answer, state: dict[str, Any]) -> Seen:
    loaded = (await load_graphs(PROJECT / "langgraph.json"))[graph]
    gate = FakeGate(answer, idempotent=[IDEMPOTENT])
    try:
        ended = await gate.arun(
            loaded.graph,
            state,
            name=graph,
            effects=loaded.effects,
            plan_from_state=loaded.plan_from_state,
            apply_edit=loaded.apply_edit,
        )
    except Exception as error:
        return Seen(str(error), None)
    return Seen("", ended.output.get("sent"))


@dataclass(frozen=True)
class ByResumer:
    stage: Stage

    async def __call__(self, graph: str, answer: Answer, state: dict[str, Any]) -> Seen:
        stage = self.stage
        plan: PlanProposed = await stage.submit(graph, **state)
        async with resumer(config(stage.url, attempts=1)):
            while True:
                self._decide(plan, answer)
                await stage.wait(lambda: stage.run().status in {"DONE", "FAILED", "PAUSED"})
                run = stage.run()
                if run.status != "PAUSED":
                    break
                plan = stage.said(PlanProposed)[-1]
        if run.status == "FAILED":
            return Seen(run.error, None)
        return Seen("", (await stage.state(graph)).values.get("sent"))

    def _decide(self, plan: PlanProposed, answer: Answer) -> None:
        if answer.steps is None:
            self.stage.decide(plan, KINDS[answer.state], note=answer.note)
        else:
            self.stage.decide(plan, DecisionKind.EDIT, steps=tuple(step.to_value() for step in answer.steps))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_test_of_a_graph_sees_what_the_resumer_makes_of_it(
    world: World, happened: Happened, case: Case
) -> None:
    seen = await world(case.graph, case.answer, dict(case.state))
    did = happened()
    assert (did if case.in_order else sorted(did)) == case.happened
    assert (case.error in seen.error) if case.error else not seen.error, seen.error
    if case.sent is not None:
        assert seen.sent == case.sent


async def test_it_tells_what_was_asked_what_began_and_what_was_refused(happened: Happened) -> None:
    loaded = (await load_graphs(PROJECT / "langgraph.json"))["sneaky"]
    ended = await FakeGate().arun(loaded.graph, {"who": ["ann"]})
    assert [(plan.goal, [step.arguments for step in plan.steps]) for plan in ended.plans] == [
        ("remind", [{"to": "ann"}])
    ]
    assert [(effect.step.step_id, effect.state, effect.result) for effect in ended.effects] == [
        ("s1", "SUCCEEDED", "sent to ann")
    ]
    assert ended.refused == ("s2: no verdict or clearance covers it",)
    assert happened() == ["ann"]


async def test_it_answers_by_what_it_is_asked(happened: Happened) -> None:
    loaded = (await load_graphs(PROJECT / "langgraph.json"))["two_gates"]

    def answer(plan: Plan) -> Answer:
        return approve() if plan.goal == "remind" else expire()

    ended = await FakeGate(answer).arun(loaded.graph, {"who": ["ann"]})
    assert ended.output["verdict"]["decided_by"] == "reviewer"
    assert ended.output["second"]["state"] == "EXPIRED"
    assert happened() == ["ann"]


def test_without_an_event_loop_it_runs_by_itself(happened: Happened) -> None:
    loaded = asyncio.run(load_graphs(PROJECT / "langgraph.json"))["billing"]
    assert FakeGate().run(loaded.graph, {"who": ["ann"]}).output["sent"] == ["sent to ann"]
    assert happened() == ["ann"]
