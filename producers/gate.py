"""The gate inside a graph."""

from uuid import UUID

from langgraph.config import get_config
from langgraph.errors import GraphInterrupt
from langgraph.types import interrupt

from gate_events.digest import plan_digest
from gate_events.pause import GateQuestion, question_value
from gate_store.configured import GRAPH
from gate_store.effects_context import refuse_question
from gate_store.gate_calls import gate_calls
from producers.checked import checked
from producers.identity import agent_of, proposer_of
from producers.plan import AnyPlan, plan_of
from producers.verdict import Verdict


def gate(plan: AnyPlan) -> Verdict:
    """Pause the run until the plan has its verdict, and return that.

    Call it alone in a node of its own: LangGraph runs the node again from its top when it resumes, and one
    node holds one gate. Never catch Exception around it: the pause itself travels as one.
    Raises UnencodableError for a plan that nobody could approve, naming the step and the field;
    NoVerdictError where something else than Plangate resumed the run; QuestionInEffectError inside of a
    function that `effects().once` calls.
    """
    refuse_question()
    configured = get_config().get("configurable", {})
    question = question_of_plan(plan, configured.get(GRAPH))
    try:
        answer = interrupt(question_value(question))
    except GraphInterrupt as pause:
        if (calls := gate_calls.get()) is not None:
            calls.note(pause.args[0][0].id, configured.get("checkpoint_ns", ""))
        raise
    return Verdict.of_answer(answer)


def question_of_plan(plan: AnyPlan, graph: str | None = None) -> GateQuestion:
    """The plan as the interrupt carries it. Raises UnencodableError."""
    given = plan_of(plan)
    agent = agent_of(given, graph)
    question = checked(
        GateQuestion(
            goal=given.goal,
            steps=tuple(step.to_value() for step in given.steps),
            agent=agent,
            proposer=proposer_of(given, agent),
        )
    )
    plan_digest(_ANY, 1, question.steps, None)  # what has no digest cannot be approved
    return question


_ANY = UUID(int=0)
