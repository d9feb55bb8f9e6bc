from typing import Any, TypedDict
from uuid import UUID

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from gate_events.errors import UnencodableError
from gate_events.pause import GateAnswer, answer_value, question_of
from gate_events.values import Step as StepRecord
from gate_events.words import GateState
from plangate import Agent, Plan, Step, Verdict, gate
from producers.verdict import NoVerdictError

MAIL = Step("send_email", {"to": "ann@example.org"})
CONFIG: Any = {"configurable": {"thread_id": "t1"}}


class State(TypedDict, total=False):
    plan: Any
    verdict: dict[str, Any]


def ask(state: State) -> State:
    return {"verdict": gate(state["plan"]).to_dict()}


async def ask_later(state: State) -> State:
    return {"verdict": gate(state["plan"]).to_dict()}


def graph_of(node: Any) -> Any:
    builder = StateGraph(State)
    builder.add_node("ask", node)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile(checkpointer=InMemorySaver())


def answer(state: GateState, *steps: StepRecord, note: str = "") -> dict[str, Any]:
    return answer_value(
        GateAnswer(
            plan_id=UUID(int=7),
            revision=2,
            digest="d" * 64,
            state=state,
            steps=steps,
            note=note,
            decided_by="bob",
        )
    )


def test_the_pause_carries_the_plan_and_who_made_it() -> None:
    plan = Plan(goal="remind", steps=[MAIL], agent=Agent(name="billing", model="m"), proposer="ann")
    paused = graph_of(ask).invoke({"plan": plan.to_dict()}, CONFIG)
    question = question_of(paused["__interrupt__"][0].value)
    assert question.goal == "remind"
    assert question.steps == (
        StepRecord(step_id="s1", action_type="send_email", arguments={"to": "ann@example.org"}),
    )
    assert (question.agent, question.proposer) == (Agent(name="billing", model="m"), "ann")


@pytest.mark.parametrize(
    "plan", [Plan([MAIL]), [MAIL], {"steps": [{"action_type": "send_email", "arguments": MAIL.arguments}]}]
)
def test_a_plan_its_steps_or_a_dict_stop_at_the_gate_alike(plan: Any) -> None:
    def node(_state: State) -> State:
        return {"verdict": gate(plan).to_dict()}

    paused = graph_of(node).invoke({}, CONFIG)
    assert question_of(paused["__interrupt__"][0].value).steps[0].step_id == "s1"


def test_the_agent_is_named_by_plan_then_environment_then_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(plan: Plan, **configurable: str) -> str:
        config = {"configurable": {"thread_id": "t", **configurable}}
        paused = graph_of(ask).invoke({"plan": plan.to_dict()}, config)
        return question_of(paused["__interrupt__"][0].value).agent.name

    assert named(Plan([MAIL]), plangate_graph="billing") == "billing"
    monkeypatch.setenv("PLANGATE_AGENT", "from-env")
    assert named(Plan([MAIL]), plangate_graph="billing") == "from-env"
    assert named(Plan([MAIL], agent="from-plan"), plangate_graph="billing") == "from-plan"


def test_an_approval_gives_the_steps_that_may_run() -> None:
    graph = graph_of(ask)
    graph.invoke({"plan": [{"action_type": "send_email"}]}, CONFIG)
    edited = StepRecord(step_id="s1", action_type="send_email", arguments={"to": "bob"})
    done = graph.invoke(Command(resume=answer(GateState.APPROVED, edited, note="only bob")), CONFIG)
    verdict = Verdict.from_dict(done["verdict"])
    assert verdict.approved
    assert verdict.steps == (Step("send_email", {"to": "bob"}, "s1"),)
    assert (verdict.note, verdict.decided_by, verdict.digest) == ("only bob", "bob", "d" * 64)


async def test_an_async_node_stops_and_hears_the_reviewers_words() -> None:
    graph = graph_of(ask_later)
    paused = await graph.ainvoke({"plan": Plan([MAIL]).to_dict()}, CONFIG)
    assert paused["__interrupt__"]
    done = await graph.ainvoke(Command(resume=answer(GateState.REJECTED, note="not today")), CONFIG)
    verdict = Verdict.from_dict(done["verdict"])
    assert not verdict.approved
    assert (verdict.steps, verdict.note) == ((), "not today")
    assert verdict.message == done["verdict"]["message"]
    assert verdict.message.startswith("NOT executed. Rejected: ")
    assert verdict.message.endswith(' In the words of bob: "not today"')


@pytest.mark.parametrize("said", [True, "approve", {"type": "accept"}, {"plangate": {"state": "APPROVED"}}])
def test_an_answer_that_is_no_verdict_is_refused(said: Any) -> None:
    graph = graph_of(ask)
    graph.invoke({"plan": Plan([MAIL]).to_dict()}, CONFIG)
    with pytest.raises(NoVerdictError, match="decide through Plangate"):
        graph.invoke(Command(resume=said), CONFIG)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"n": 2**60}, r"2\^53"), ({"x": float("nan")}, "canonical JSON"), ({"f": object()}, "step s1")],
)
def test_a_plan_that_nobody_could_approve_fails_in_its_own_node(arguments: Any, words: str) -> None:
    def node(_state: State) -> State:
        return {"verdict": gate([Step("a", arguments)]).to_dict()}

    with pytest.raises(UnencodableError, match=words):
        graph_of(node).invoke({}, CONFIG)
