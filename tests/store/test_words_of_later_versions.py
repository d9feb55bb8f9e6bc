"""What a later version says and this one cannot act upon is taken in the strictest way."""

from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Connection, select

from gate_events.records import ApprovalRequested
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus, Resolution, StepStatus
from gate_store.deciding import rule
from gate_store.dispositions import Fate
from gate_store.outcomes import record_outcomes
from gate_store.rulings import GateView
from gate_store.tables import effects, gates
from tests.store.acting import clear, said
from tests.store.examples import HOUR, NOON, asked, asked_in_doubt, cleared, decided, executed

READ_ONLY = list(DecisionKind)[list(DecisionKind).index(DecisionKind.ABSTAIN) :]
STRANGERS = [DeciderKind.LINK, DeciderKind.SUBSTITUTE, DeciderKind.UNKNOWN]


@pytest.mark.parametrize("kind", READ_ONLY, ids=lambda kind: kind.value)
@pytest.mark.parametrize("decider", DeciderKind, ids=lambda decider: decider.value)
def test_a_kind_of_decision_that_is_only_read_is_refused(kind: DecisionKind, decider: DeciderKind) -> None:
    request = asked(allowed=tuple(DecisionKind))
    ruling = rule(GateView(request), decided(request, kind, decider=decider))
    why = f"this version does not know what to do with {kind.value}"
    assert (ruling.fate, ruling.why) == (Fate.REFUSED, why)


@pytest.mark.parametrize("decider", STRANGERS, ids=lambda decider: decider.value)
@pytest.mark.parametrize("said_", [{"kind": DecisionKind.APPROVE}, {"kind": DecisionKind.WITHDRAW}])
def test_a_kind_of_decider_that_is_only_read_is_refused(decider: DeciderKind, said_: dict[str, Any]) -> None:
    request = asked()
    by = request.proposer if said_["kind"] is DecisionKind.WITHDRAW else "ada"
    assert rule(GateView(request), decided(request, by=by, decider=decider, **said_)).fate is Fate.REFUSED


def test_a_resolution_that_is_not_known_resolves_nothing() -> None:
    request = asked_in_doubt()
    ruling = rule(GateView(request), decided(request, DecisionKind.RESOLVE, resolution=Resolution.UNKNOWN))
    assert ruling.fate is Fate.REFUSED
    assert "HAPPENED, RETRY or ABANDON" in ruling.why


def test_a_step_of_which_nothing_is_known_is_in_doubt_and_a_human_is_asked(conn: Connection) -> None:
    plan = cleared()
    clear(conn, plan)
    record_outcomes(conn, [executed(plan, OutcomeStatus.UNKNOWN, StepStatus.UNKNOWN)], NOON + HOUR)
    assert set(conn.execute(select(effects.c.state)).scalars()) == {"IN_DOUBT"}
    asked_about = {request.in_doubt.step_id for request in said(conn, ApprovalRequested) if request.in_doubt}
    assert asked_about == {step.step_id for step in plan.steps}


@pytest.mark.parametrize("name", ["state", "kind", "timing"])
def test_no_gate_is_kept_as_unknown(name: str) -> None:
    checks = [each for each in gates.constraints if isinstance(each, CheckConstraint)]
    (words,) = (str(each.sqltext) for each in checks if each.name == f"gate_{name}_is_a_word")
    assert "UNKNOWN" not in words
