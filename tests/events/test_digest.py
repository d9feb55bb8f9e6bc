"""The digest covers what runs, all of it and nothing else."""

import hashlib
import json
from datetime import timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from gate_events.canonical import DEEPEST, canonical
from gate_events.codec import decode, encode, to_json
from gate_events.digest import plan_digest, review_digest, step_digest
from gate_events.errors import UnencodableError
from gate_events.records import ApprovalRequested, PlanProposed
from gate_events.values import Review, Step
from gate_events.words import DecisionKind, Tier
from tests.events.samples import PLAN, REVIEW, RUN, SAMPLES, STEPS
from tests.events.strategies import a, json_objects, json_values

DIGEST = plan_digest(PLAN, 2, STEPS, RUN)
MAIL, NOTE = STEPS


def test_the_digest_is_sha256_over_the_canonical_json_of_exactly_these_members() -> None:
    steps = (Step(step_id="s", action_type="t", arguments={"b": [True, None, "x"], "a": {"d": 1, "c": 2}}),)
    members = {
        "plan_id": str(PLAN),
        "revision": 3,
        "steps": [{"step_id": "s", "action_type": "t", "arguments": steps[0].arguments}],
        "run": {
            "graph": "billing",
            "graph_version": "v1",
            "thread_id": "inquiry-17",
            "checkpoint_ns": "child:1",
            "checkpoint_id": "1f0c",
            "kind": "DYNAMIC",
            "interrupt_id": "i-1",
            "task_ids": ["t-1"],
            "next_nodes": ["execute"],
        },
    }
    # for these values sorted, compact JSON is already canonical
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    assert plan_digest(PLAN, 3, steps, RUN) == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        plan_digest(UUID(int=1), 2, STEPS, RUN),
        plan_digest(PLAN, 3, STEPS, RUN),
        plan_digest(PLAN, 2, STEPS, None),
        plan_digest(PLAN, 2, STEPS, replace(RUN, checkpoint_id="other")),
        plan_digest(PLAN, 2, (NOTE, MAIL), RUN),
        plan_digest(PLAN, 2, (MAIL,), RUN),
        plan_digest(PLAN, 2, (replace(MAIL, step_id="other"), NOTE), RUN),
        plan_digest(PLAN, 2, (replace(MAIL, action_type="other"), NOTE), RUN),
        plan_digest(PLAN, 2, (replace(MAIL, arguments={**MAIL.arguments, "amount": 12.51}), NOTE), RUN),
    ],
    ids=["plan", "revision", "no run", "checkpoint", "order", "fewer", "step id", "action type", "arguments"],
)
def test_a_change_of_anything_that_runs_changes_the_digest(other: str) -> None:
    assert other != DIGEST


def test_a_claimed_tier_and_the_order_of_keys_do_not_change_the_digest() -> None:
    claimed = replace(MAIL, claimed_tier=Tier.REVERSIBLE, arguments=dict(reversed(MAIL.arguments.items())))
    assert plan_digest(PLAN, 2, (claimed, NOTE), RUN) == DIGEST


@given(json_objects, a(PlanProposed))
def test_the_digest_is_over_what_an_rfc_8785_library_writes(arguments: Any, plan: PlanProposed) -> None:
    steps = (Step(step_id="s", action_type="t", arguments=arguments),)
    members = {
        "plan_id": str(plan.plan_id),
        "revision": plan.revision,
        "steps": [{"step_id": "s", "action_type": "t", "arguments": arguments}],
        "run": to_builtins(plan.run),
    }
    expected = hashlib.sha256(rfc8785.dumps(members)).hexdigest()
    assert plan_digest(plan.plan_id, plan.revision, steps, plan.run) == expected


@given(a(PlanProposed))
def test_the_digest_survives_every_wire_format(plan: PlanProposed) -> None:
    read = [plan, decode(encode(plan), PlanProposed), decode(to_json(plan), PlanProposed)]
    assert len({plan_digest(p.plan_id, p.revision, p.steps, p.run) for p in read}) == 1


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [2**53, -(2**64), float("nan"), float("inf"), "\ud800", {"\ud800": 1}, {1: 2}, object(), nested(5_000)],
    ids=["2^53", "-2^64", "NaN", "Infinity", "surrogate", "surrogate key", "int key", "object", "deep"],
)
def test_what_has_no_canonical_json_has_no_digest(value: Any) -> None:
    step = Step(step_id="s", action_type="t", arguments={"x": value})
    with pytest.raises(UnencodableError, match=r"no canonical JSON.*use strings"):
        plan_digest(PLAN, 1, (step,), None)
    with pytest.raises(UnencodableError, match="step s cannot be written"):
        step_digest(PLAN, step)


@given(json_values)
@example({"b": '\x00\x1f\x7f\u2028"\\/\b\f\n\r\t', "a": [True, None, 2**53 - 1, -(2**53) + 1]})
@example({"\uffee": 1, "\U0001f600": 2, "é": 3, "z": 4})
def test_canonical_json_is_rfc_8785_byte_for_byte(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.floats(-1e16, 1e16) | st.floats(-2e-3, 2e-3) | st.decimals(-(10**9), 10**9, places=2).map(float))
@example(1e-4)
@example(9.999999999999999e-05)
@example(999999999999999.9)
@example(1e15)
@example(-0.0)
@example(12.0)
def test_canonical_numbers_are_rfc_8785_byte_for_byte(value: float) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_json_nested_deeper_than_readers_can_follow_is_refused_whatever_else_it_holds() -> None:
    assert canonical(nested(DEEPEST)) == rfc8785.dumps(nested(DEEPEST))
    for value in (nested(DEEPEST + 1), [1.0, nested(DEEPEST)], {"é": nested(DEEPEST)}):
        with pytest.raises(rfc8785.CanonicalizationError, match="nested more than 128 deep"):
            canonical(value)


def test_the_digest_of_a_review_is_sha256_over_the_canonical_json_of_what_is_shown() -> None:
    shown = {
        "groups": [{"text": "Send 1 email", "tier": "IRREVERSIBLE", "step_ids": ["mail-1"], "used": ["to"]}],
        "findings": [{"check": "repeated", "text": "got this email today", "step_ids": ["mail-1"]}],
        "reasons": ["email.send is tier 3"],
        "terms": {
            "reviewers": ["billing-leads"],
            "quorum": 2,
            "deadline": "1772454600250000",
            "use_by_s": 3600,
            "allowed": ["APPROVE", "REJECT"],
        },
    }
    canonical = json.dumps(shown, sort_keys=True, separators=(",", ":"))
    assert review_digest(REVIEW) == hashlib.sha256(canonical.encode()).hexdigest()


def test_the_digest_of_a_review_outlives_the_topic() -> None:
    (request,) = [record for record in SAMPLES if isinstance(record, ApprovalRequested)]
    read = decode(encode(request), ApprovalRequested)
    elsewhere = REVIEW.terms.deadline.astimezone(timezone(timedelta(hours=9)))
    assert read.review is not None
    assert review_digest(read.review) == review_digest(REVIEW)
    assert review_digest(replace(REVIEW, terms=replace(REVIEW.terms, deadline=elsewhere))) == review_digest(
        REVIEW
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(REVIEW, groups=(replace(REVIEW.groups[0], text="Send 2 emails"),)),
        replace(REVIEW, groups=(replace(REVIEW.groups[0], used=()),)),
        replace(REVIEW, findings=()),
        replace(REVIEW, reasons=()),
        replace(REVIEW, terms=replace(REVIEW.terms, quorum=1)),
        replace(REVIEW, terms=replace(REVIEW.terms, reviewers=())),
        replace(REVIEW, terms=replace(REVIEW.terms, use_by_s=3601)),
        replace(REVIEW, terms=replace(REVIEW.terms, allowed=(DecisionKind.APPROVE,))),
        replace(
            REVIEW,
            terms=replace(REVIEW.terms, deadline=REVIEW.terms.deadline + timedelta(microseconds=1)),
        ),
    ],
)
def test_whatever_else_a_reviewer_is_shown_has_another_digest(other: Review) -> None:
    assert review_digest(other) != review_digest(REVIEW)


def test_the_order_of_steps_is_content_where_it_is_said() -> None:
    said, unsaid = Step(step_id="b", action_type="t", after=("a",)), Step(step_id="b", action_type="t")
    free = Step(step_id="b", action_type="t", after=())
    first = Step(step_id="a", action_type="t")
    assert len({plan_digest(PLAN, 1, (first, last), None) for last in (said, unsaid, free)}) == 3
    assert len({step_digest(PLAN, step) for step in (said, unsaid, free)}) == 3
