"""The rules of one decision on one gate, as a table."""

from datetime import timedelta
from typing import Any

import pytest

from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DeciderKind, DecisionKind, GateState, Resolution
from gate_store.deciding import rule
from gate_store.dispositions import Fate
from gate_store.rulings import GateView
from tests.store.examples import (
    BEFORE,
    HOUR,
    NOON,
    STEPS,
    asked,
    asked_afterwards,
    asked_in_doubt,
    decided,
    plan_id,
)

K, D, S = DecisionKind, DeciderKind, GateState
PLAN, AFTERWARDS, DOUBT = asked(), asked_afterwards(), asked_in_doubt()
BY_CLOCK: dict[str, Any] = {"by": "clock", "decider": D.CLOCK}
BY_GATE: dict[str, Any] = {"by": "gate", "decider": D.GATE}
BY_PROPOSER: dict[str, Any] = {"by": "billing-service", "decider": D.PROPOSER}
SERVICE: dict[str, Any] = {"by": "risk-bot", "decider": D.SERVICE}


@pytest.mark.parametrize(
    ("request_", "decision", "state"),
    [
        (PLAN, decided(PLAN, K.APPROVE), S.APPROVED),
        (PLAN, decided(PLAN, K.EDIT, steps=STEPS[:1]), S.APPROVED),
        (PLAN, decided(PLAN, K.REJECT), S.REJECTED),
        (PLAN, decided(PLAN, K.RESPOND), S.RESPONDED),
        (PLAN, decided(PLAN, K.WITHDRAW, **BY_PROPOSER), S.WITHDRAWN),
        (PLAN, decided(PLAN, K.WITHDRAW, "billing-service"), S.WITHDRAWN),
        (PLAN, decided(PLAN, K.EXPIRE, at=NOON + HOUR, **BY_CLOCK), S.EXPIRED),
        (PLAN, decided(PLAN, K.SUPERSEDE, **BY_GATE), S.SUPERSEDED),
        (PLAN, decided(PLAN, K.SUPERSEDE, at=NOON + 9 * HOUR, **BY_GATE), S.SUPERSEDED),
        (PLAN, decided(PLAN, K.APPROVE, at=NOON + HOUR), S.APPROVED),  # at the deadline is in time
        (AFTERWARDS, decided(AFTERWARDS, K.CONFIRM), S.APPROVED),
        (AFTERWARDS, decided(AFTERWARDS, K.UNDO), S.REJECTED),
        (AFTERWARDS, decided(AFTERWARDS, K.UNDO, step_ids=("s2",)), S.REJECTED),
        (DOUBT, decided(DOUBT, K.RESOLVE, resolution=Resolution.HAPPENED), S.APPROVED),
        (DOUBT, decided(DOUBT, K.RESOLVE, resolution=Resolution.RETRY), S.APPROVED),
        (DOUBT, decided(DOUBT, K.RESOLVE, resolution=Resolution.ABANDON), S.REJECTED),
        (asked(reviewers=("ada",)), decided(PLAN, K.APPROVE, review_digest=None), S.APPROVED),
        (asked(reviewers=("risk-bot",)), decided(PLAN, K.APPROVE, review_digest=None, **SERVICE), S.APPROVED),
    ],
)
def test_a_decision_closes_the_gate(
    request_: ApprovalRequested, decision: DecisionMade, state: GateState
) -> None:
    ruling = rule(GateView(request_), decision)
    assert (ruling.fate, ruling.state) == (Fate.DECIDED, state)


@pytest.mark.parametrize(
    ("request_", "decision", "why"),
    [
        (PLAN, decided(PLAN, plan_id=plan_id("other")), "belongs to plan"),
        (PLAN, decided(PLAN, revision=2), "revision 2"),
        (PLAN, decided(PLAN, digest="f" * 64), "digest"),
        (
            PLAN,
            decided(PLAN, review_digest="f" * 64),
            "decided on another rendering: look at the question again",
        ),
        (
            DOUBT,
            decided(DOUBT, K.RESOLVE, review_digest="f" * 64, resolution=Resolution.RETRY),
            "another rendering",
        ),
        # who
        (PLAN, decided(PLAN, K.APPROVE, "billing-service"), "never decides"),
        (PLAN, decided(PLAN, K.REJECT, "billing-service"), "withdraw it"),
        (PLAN, decided(PLAN, K.APPROVE, **BY_PROPOSER), "never decides"),
        (PLAN, decided(PLAN, K.APPROVE, decider=D.PROPOSER), "no reviewer"),
        (PLAN, decided(PLAN, K.APPROVE, **BY_CLOCK), "no reviewer"),
        (PLAN, decided(PLAN, K.APPROVE, **BY_GATE), "no reviewer"),
        (PLAN, decided(PLAN, K.APPROVE, **SERVICE), "no reviewer"),
        (asked(reviewers=("bob",)), decided(PLAN, review_digest=None), "reviewers: bob"),
        (PLAN, decided(PLAN, K.WITHDRAW), "only the proposer"),
        (PLAN, decided(PLAN, K.WITHDRAW, "billing-service", decider=D.CLOCK), "only the proposer"),
        (PLAN, decided(PLAN, K.EXPIRE, at=NOON + HOUR), "only the clock"),
        (PLAN, decided(PLAN, K.SUPERSEDE), "only the gate"),
        (AFTERWARDS, decided(AFTERWARDS, K.CONFIRM, "billing-service"), "never decides"),
        # when
        (PLAN, decided(PLAN, K.EXPIRE, **BY_CLOCK), "had not come"),
        # what
        (
            asked(allowed=(K.APPROVE, K.REJECT)),
            decided(PLAN, K.RESPOND, review_digest=None),
            "allowed: APPROVE, REJECT",
        ),
        (PLAN, decided(PLAN, K.CONFIRM), "no answer"),
        (PLAN, decided(PLAN, K.UNDO), "no answer"),
        (PLAN, decided(PLAN, K.RESOLVE, resolution=Resolution.RETRY), "no answer"),
        (AFTERWARDS, decided(AFTERWARDS, K.APPROVE), "no answer"),
        (AFTERWARDS, decided(AFTERWARDS, K.WITHDRAW, **BY_PROPOSER), "no answer"),
        (DOUBT, decided(DOUBT, K.APPROVE), "no answer"),
        (DOUBT, decided(DOUBT, K.CONFIRM), "no answer"),
        # complete
        (PLAN, decided(PLAN, K.EDIT), "carries the steps"),
        (PLAN, decided(PLAN, K.APPROVE, steps=STEPS[:1]), "send an EDIT"),
        (AFTERWARDS, decided(AFTERWARDS, K.UNDO, step_ids=("s9",)), "no step s9"),
        (DOUBT, decided(DOUBT, K.RESOLVE), "HAPPENED, RETRY or ABANDON"),
    ],
)
def test_a_decision_is_refused_in_plain_words(
    request_: ApprovalRequested, decision: DecisionMade, why: str
) -> None:
    ruling = rule(GateView(request_), decision)
    assert (ruling.fate, ruling.state) == (Fate.REFUSED, None)
    assert why in ruling.why


@pytest.mark.parametrize("kind", BEFORE)
def test_past_the_deadline_every_answer_is_late(kind: DecisionKind) -> None:
    steps = STEPS if kind is K.EDIT else None
    late = decided(PLAN, kind, at=NOON + HOUR + timedelta(microseconds=1), steps=steps)
    ruling = rule(GateView(PLAN), late)
    assert (ruling.fate, ruling.state) == (Fate.LATE, None)
    assert "deadline" in ruling.why


@pytest.mark.parametrize("state", [state for state in S if state is not S.PENDING])
@pytest.mark.parametrize("kind", K)
def test_nothing_changes_a_closed_gate(state: GateState, kind: DecisionKind) -> None:
    ruling = rule(GateView(PLAN, state), decided(PLAN, kind))
    assert (ruling.fate, ruling.state) == (Fate.LATE, None)


def test_a_quorum_decides_with_its_last_voice() -> None:
    request = asked(quorum=3)
    voices: frozenset[str] = frozenset()
    for name in ("ada", "bob"):
        assert rule(GateView(request, approved_by=voices), decided(request, by=name)).fate is Fate.COUNTED
        voices |= {name}
    assert rule(GateView(request, approved_by=voices), decided(request, by="eve")).state is S.APPROVED


def test_a_quorum_counts_nobody_twice() -> None:
    request = asked(quorum=2)
    ruling = rule(GateView(request, approved_by=frozenset({"ada"})), decided(request, name="again"))
    assert ruling.fate is Fate.REFUSED
    assert "distinct" in ruling.why


def test_one_rejection_decides_against_a_quorum() -> None:
    request = asked(quorum=3)
    standing = GateView(request, approved_by=frozenset({"bob", "eve"}))
    assert rule(standing, decided(request, K.REJECT)).state is S.REJECTED


def test_who_has_approved_may_still_reject() -> None:
    request = asked(quorum=2)
    standing = GateView(request, approved_by=frozenset({"ada"}))
    assert rule(standing, decided(request, K.REJECT)).state is S.REJECTED
