"""The judge finds each thing that can go wrong, and nothing where nothing did."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

import plangate.torture
from gate_events.ids import derived, effect_key
from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided, PlanExecuted, StepResult
from gate_events.values import Step
from gate_events.words import (
    DeciderKind,
    DecisionKind,
    GateState,
    OutcomeStatus,
    RequestKind,
    Resolution,
    StepStatus,
    Timing,
)
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store.in_doubt import in_doubt_request
from plangate import Plan
from plangate import Step as AgentStep
from plangate.torture.calling import content
from plangate.torture.evidence import Evidence
from plangate.torture.judge import judge
from plangate.torture.rows import RunRow
from producers.plans import proposal

CATALOGUE = load_catalogue(Path(plangate.torture.__file__).with_name("catalogue.yaml").read_text(), "torture")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLAN = proposal(
    Plan([AgentStep("wire", {"label": "7/0/0", "amount": 5})], "be tortured", "agent"),
    derived("judged"),
    1,
    lambda: NOW,
)
(STEP,) = PLAN.steps
KEY = str(effect_key(PLAN.plan_id, STEP.step_id))
THREAD = "torture-1-7"
AT = NOW.timestamp()


def asked() -> ApprovalRequested:
    request = route(PLAN, CATALOGUE, now=NOW)
    assert isinstance(request, ApprovalRequested)
    return request


REQUEST = asked()
DECISION = DecisionMade(
    event_id=derived("decision"),
    request_id=REQUEST.request_id,
    plan_id=PLAN.plan_id,
    revision=1,
    digest=REQUEST.digest,
    kind=DecisionKind.APPROVE,
    decided_at=NOW,
    decided_by="ana",
    decider=DeciderKind.PERSON,
)
VERDICT = PlanDecided(
    event_id=derived("verdict"),
    request_id=REQUEST.request_id,
    decision_id=DECISION.event_id,
    kind=RequestKind.PLAN,
    timing=Timing.BEFORE,
    plan_id=PLAN.plan_id,
    revision=1,
    digest=REQUEST.digest,
    state=GateState.APPROVED,
    execute=True,
    steps=PLAN.steps,
    decided_by="ana",
    decided_at=NOW,
    note="",
)


def outcome(
    status: StepStatus = StepStatus.SUCCEEDED, of: OutcomeStatus = OutcomeStatus.DONE
) -> PlanExecuted:
    result = StepResult(step_id=STEP.step_id, status=status, finished_at=NOW)
    return PlanExecuted(
        event_id=derived("outcome"),
        plan_id=PLAN.plan_id,
        revision=1,
        digest=REQUEST.digest,
        executed_at=NOW,
        executor="resumer",
        status=of,
        results=(result,),
    )


def call(step: Step = STEP, pid: int = 1, manner: str = "obeys") -> dict[str, Any]:
    return {
        "key": KEY,
        "label": "7/0/0",
        "action": step.action_type,
        "content": content(step),
        "pid": pid,
        "at": AT,
        "manner": manner,
    }


CLEAN = Evidence(
    threads=[THREAD],
    submitted={THREAD: PLAN.plan_id},
    sent=[DECISION],
    proposed=[PLAN],
    requests=[REQUEST],
    decided=[DECISION],
    verdicts=[VERDICT],
    outcomes=[outcome()],
    runs={THREAD: RunRow("DONE", PLAN.plan_id)},
    gates={REQUEST.request_id: "APPROVED"},
    dispositions={(DECISION.event_id, DECISION.request_id): "DECIDED"},
    calls=[call()],
    claims=[{"at": AT, "key": KEY, "pid": 1, "token": 1}],
)
REPEATED = replace(CLEAN, calls=[call(), call(pid=2)])
CHANGED = msgspec.structs.replace(STEP, arguments={**STEP.arguments, "amount": 6})
DOUBT = in_doubt_request(REQUEST, step=STEP, known="nobody knows", now=NOW)
DOUBTED = replace(
    CLEAN,
    claims=[*CLEAN.claims, {"at": AT + 10, "key": KEY, "pid": 2, "token": 2, "doubt": True}],
    requests=[REQUEST, DOUBT],
    gates={REQUEST.request_id: "APPROVED", DOUBT.request_id: "APPROVED"},
)


def resolved(resolution: Resolution, request_id: UUID = DOUBT.request_id) -> dict[str, Any]:
    """What a decision and its verdict leave in the evidence."""
    word = msgspec.structs.replace(
        DECISION,
        event_id=derived("resolved"),
        request_id=request_id,
        kind=DecisionKind.RESOLVE,
        resolution=resolution,
    )
    return {"decided": [DECISION, word], "verdicts": [VERDICT, settled(resolution, request_id)]}


def settled(resolution: Resolution, request_id: UUID = DOUBT.request_id) -> PlanDecided:
    abandons = resolution is Resolution.ABANDON
    return msgspec.structs.replace(
        VERDICT,
        request_id=request_id,
        decision_id=derived("resolved"),
        kind=RequestKind.IN_DOUBT,
        timing=Timing.AFTER,
        state=GateState.REJECTED if abandons else GateState.APPROVED,
        execute=False,
        resolution=resolution,
    )


def found(evidence: Evidence) -> set[str]:
    return {name for name, cases in judge(evidence, CATALOGUE).items() if cases}


def test_nothing_is_found_where_nothing_went_wrong() -> None:
    assert found(CLEAN) == set()


def test_what_was_delivered_twice_counts_once() -> None:
    assert (
        found(replace(CLEAN, proposed=[PLAN] * 2, verdicts=[VERDICT] * 2, outcomes=[outcome()] * 2)) == set()
    )


REJECTED = msgspec.structs.replace(VERDICT, state=GateState.REJECTED, execute=False)


@pytest.mark.parametrize(
    ("evidence", "wrong"),
    [
        (replace(CLEAN, verdicts=[REJECTED], gates={REQUEST.request_id: "REJECTED"}), {"unapproved"}),
        (replace(CLEAN, calls=[call(CHANGED)]), {"unapproved"}),
        (REPEATED, {"blind_repeats"}),
        (replace(CLEAN, proposed=[]), {"lost_plans"}),
        (replace(CLEAN, outcomes=[]), {"lost_plans"}),
        (replace(CLEAN, requests=[]), {"lost_plans"}),
        (replace(CLEAN, dispositions={}), {"lost_decisions"}),
        (
            replace(CLEAN, dispositions={(DECISION.event_id, derived("another")): "REFUSED"}),
            {"lost_decisions"},
        ),
        (
            replace(CLEAN, dispositions={(DECISION.event_id, DECISION.request_id): "WAITING"}),
            {"lost_decisions"},
        ),
        (replace(CLEAN, gates={REQUEST.request_id: "REJECTED"}), {"contradictions"}),
        (replace(CLEAN, decided=[]), {"contradictions"}),
        (replace(CLEAN, calls=[]), {"contradictions"}),
        (replace(CLEAN, outcomes=[outcome(StepStatus.SKIPPED)]), {"contradictions"}),
        (replace(CLEAN, outcomes=[outcome(), outcome(of=OutcomeStatus.FAILED)]), {"contradictions"}),
        (replace(CLEAN, runs={}), {"unfinished"}),
        (replace(CLEAN, runs={THREAD: RunRow("PAUSED", PLAN.plan_id)}), {"unfinished"}),
        (replace(CLEAN, runs={THREAD: RunRow("FAILED", PLAN.plan_id)}), {"unfinished"}),
        (replace(CLEAN, runs={THREAD: RunRow("STALE", PLAN.plan_id)}), {"unfinished"}),
        (replace(CLEAN, in_outbox=1), {"unfinished"}),
        (DOUBTED, {"in_doubt_unexplained"}),
    ],
)
def test_each_thing_that_goes_wrong_is_found(evidence: Evidence, wrong: set[str]) -> None:
    assert found(evidence) == wrong


@pytest.mark.parametrize(
    ("resolution", "wrong"), [(Resolution.RETRY, set()), (Resolution.HAPPENED, {"blind_repeats"})]
)
def test_only_what_a_human_let_be_retried_may_be_repeated(resolution: Resolution, wrong: set[str]) -> None:
    fault = {"at": AT + 1, "kind": "kill", "pid": 1}
    asked_twice = replace(DOUBTED, calls=REPEATED.calls, faults=[fault], **resolved(resolution))
    assert found(asked_twice) == wrong


def test_a_decision_that_closed_no_gate_lets_nothing_be_retried() -> None:
    fault = {"at": AT + 1, "kind": "kill", "pid": 1}
    late = {**resolved(Resolution.RETRY), "verdicts": [VERDICT, settled(Resolution.HAPPENED)]}
    assert found(replace(DOUBTED, calls=REPEATED.calls, faults=[fault], **late)) == {"blind_repeats"}


@pytest.mark.parametrize(
    ("fault", "explains"),
    [
        ({"at": AT + 1, "kind": "kill", "pid": 1}, True),
        ({"at": AT - 5, "until": AT + 5, "kind": "pause", "pid": 1}, True),
        ({"at": AT - 5, "until": AT + 5, "kind": "restart database", "pid": None}, True),
        ({"at": AT - 5, "until": AT + 5, "kind": "restart kafka", "pid": None}, False),
        ({"at": AT, "until": AT + 1, "kind": "cut", "pid": None}, False),
        ({"at": AT + 1, "kind": "kill", "pid": 2}, False),
        ({"at": AT - 60, "kind": "kill", "pid": 1}, False),
        ({"at": AT + 11, "kind": "kill", "pid": 1}, False),  # after the doubt
    ],
)
def test_a_doubt_is_explained_by_a_fault_of_its_claimant(fault: dict[str, Any], explains: bool) -> None:
    assert found(replace(DOUBTED, faults=[fault])) == (set() if explains else {"in_doubt_unexplained"})


@pytest.mark.parametrize(("token", "explains"), [(1, True), (3, False)], ids=["tried again", "claimed anew"])
def test_a_pause_explains_a_claim_that_was_written_again_after_it(token: int, explains: bool) -> None:
    pause = {"at": AT + 1, "until": AT + 3, "kind": "pause", "pid": 1}
    again = {"at": AT + 8, "key": KEY, "pid": 1, "token": token}
    evidence = replace(DOUBTED, claims=[*DOUBTED.claims, again], faults=[pause])
    assert found(evidence) == (set() if explains else {"in_doubt_unexplained"})


@pytest.mark.parametrize(("at", "explains"), [(AT + 1, True), (AT + 11, False)], ids=["before", "after"])
def test_a_doubt_that_the_gatekeeper_asked_about_is_explained_by_a_fault_before_it(
    at: float, explains: bool
) -> None:
    """Of a run that ended with the step begun: no executor notes the doubt."""
    asked = msgspec.structs.replace(DOUBT, requested_at=datetime.fromtimestamp(AT + 10, UTC))
    evidence = replace(DOUBTED, claims=CLEAN.claims, requests=[REQUEST, asked])
    kill = {"at": at, "kind": "kill", "pid": 1}
    assert found(replace(evidence, faults=[kill])) == (set() if explains else {"in_doubt_unexplained"})


def test_a_claim_without_a_token_is_judged_by_its_process() -> None:
    """As workers of the version before note it."""
    claims = [{name: line[name] for name in line if name != "token"} for line in DOUBTED.claims]
    kill = {"at": AT + 1, "kind": "kill", "pid": 1}
    assert found(replace(DOUBTED, claims=claims, faults=[kill])) == set()
    assert found(replace(DOUBTED, claims=claims)) == {"in_doubt_unexplained"}


def test_a_doubt_is_explained_by_an_effect_that_hung_but_not_by_one_that_took_a_second() -> None:
    assert found(replace(DOUBTED, calls=[call(manner="hangs")])) == set()
    assert found(replace(DOUBTED, calls=[call(manner="late")])) == {"in_doubt_unexplained"}


def test_a_failed_run_is_excused_by_an_effect_that_failed() -> None:
    runs = {THREAD: RunRow("FAILED", PLAN.plan_id)}
    failed = outcome(StepStatus.FAILED, OutcomeStatus.FAILED)
    failing = replace(CLEAN, runs=runs, outcomes=[failed], calls=[call(manner="fails")])
    assert found(failing) == set()
    of_another_gate = {**call(manner="fails"), "label": "7/1/0"}
    assert "unfinished" in found(replace(failing, calls=[of_another_gate]))
    of_another_plan = {THREAD: RunRow("FAILED", derived("its next plan"))}
    assert "unfinished" in found(replace(failing, runs=of_another_plan))


@pytest.mark.parametrize("resolution", [Resolution.ABANDON, Resolution.HAPPENED])
def test_a_failed_run_is_excused_by_a_verdict_that_gave_a_step_up(resolution: Resolution) -> None:
    runs = {THREAD: RunRow("FAILED", PLAN.plan_id)}
    evidence = replace(DOUBTED, runs=runs, **resolved(resolution))
    assert ("unfinished" in found(evidence)) is (resolution is not Resolution.ABANDON)


GONE_ON = "the graph had gone on with an earlier answer when ana said REJECTED: the rest is not run"


@pytest.mark.parametrize(
    ("attempt", "state", "error", "is_excused"),
    [
        (2, GateState.REJECTED, GONE_ON, True),
        (2, GateState.RESPONDED, GONE_ON, True),
        (1, GateState.REJECTED, GONE_ON, False),
        (2, GateState.EXPIRED, GONE_ON, False),
        (2, GateState.REJECTED, "no reason given", False),
    ],
)
def test_a_failed_run_is_excused_by_a_verdict_that_let_no_more_of_it_be_done(
    attempt: int, state: GateState, error: str, is_excused: bool
) -> None:
    again = msgspec.structs.replace(REQUEST, request_id=derived("again"), attempt=attempt)
    verdict = msgspec.structs.replace(VERDICT, request_id=again.request_id, state=state, execute=False)
    evidence = replace(
        CLEAN,
        requests=[REQUEST, again],
        verdicts=[VERDICT, verdict],
        gates={REQUEST.request_id: "APPROVED", again.request_id: state.value},
        runs={THREAD: RunRow("FAILED", PLAN.plan_id, error)},
    )
    assert ("unfinished" in found(evidence)) is not is_excused


@pytest.mark.parametrize(
    ("attempt", "digest", "is_excused"),
    [(2, "e" * 64, True), (1, "e" * 64, False), (2, REQUEST.digest, False)],
    ids=["half done", "at first", "as it was"],
)
def test_a_failed_run_is_excused_by_an_edit_of_what_was_half_done(
    attempt: int, digest: str, is_excused: bool
) -> None:
    again = msgspec.structs.replace(REQUEST, request_id=derived("again"), attempt=attempt)
    edited = msgspec.structs.replace(VERDICT, request_id=again.request_id, digest=digest)
    runs = {THREAD: RunRow("FAILED", PLAN.plan_id, GONE_ON)}
    evidence = replace(CLEAN, requests=[REQUEST, again], verdicts=[VERDICT, edited], runs=runs)
    assert ("unfinished" in found(evidence)) is not is_excused


def test_outcomes_of_two_contents_of_a_plan_do_not_contradict_each_other() -> None:
    """A lie had the revision first, and a human rejected it; a service did the true one meanwhile."""
    other = msgspec.structs.replace(REQUEST, digest="e" * 64, steps=(CHANGED,))
    rejected = msgspec.structs.replace(
        outcome(StepStatus.SKIPPED, OutcomeStatus.NOT_RUN), digest=other.digest
    )
    both = replace(CLEAN, requests=[REQUEST, other], outcomes=[outcome(), rejected])
    assert "contradictions" not in found(both)
    assert "contradictions" in found(replace(both, calls=[call(), call(CHANGED)]))


FAILED = outcome(StepStatus.FAILED, OutcomeStatus.FAILED)
PAID = msgspec.structs.replace(STEP, action_type="pay")


@pytest.mark.parametrize(
    ("told", "calls", "wrong"),
    [
        ([FAILED, outcome()], [call(PAID, manner="fails"), call(PAID)], set()),
        ([outcome(), FAILED], [call(PAID, manner="fails"), call(PAID)], {"contradictions"}),
        ([FAILED, outcome()], [call(PAID), call(PAID)], {"contradictions"}),
        ([FAILED, outcome()], [call(PAID)], {"contradictions"}),
        ([FAILED, outcome()], [call(manner="fails"), call()], {"contradictions"}),
        (
            [outcome(StepStatus.SKIPPED), outcome()],
            [call(PAID, manner="fails"), call(PAID)],
            {"contradictions"},
        ),
    ],
    ids=["tried again", "the other way round", "nothing failed", "called once", "not idempotent", "skipped"],
)
def test_an_idempotent_step_that_failed_may_be_tried_again_and_told_of_again(
    told: list[PlanExecuted], calls: list[dict[str, Any]], wrong: set[str]
) -> None:
    """By whoever claims steps in the ledger, where the word comes again."""
    found_ = judge(replace(CLEAN, outcomes=told, calls=calls), CATALOGUE)
    assert bool(found_["contradictions"]) is bool(wrong)


def test_what_an_earlier_attempt_left_out_and_a_later_one_did_is_no_contradiction() -> None:
    skipped = outcome(StepStatus.SKIPPED, OutcomeStatus.FAILED)
    later = msgspec.structs.replace(outcome(), attempt=2, event_id=derived("later"))
    assert found(replace(CLEAN, outcomes=[skipped, later])) == set()
    first = msgspec.structs.replace(later, attempt=1)
    after = msgspec.structs.replace(skipped, attempt=2, event_id=derived("later"))
    assert found(replace(CLEAN, outcomes=[first, after])) == {"contradictions"}
