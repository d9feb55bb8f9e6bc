"""The judge of lies: what the honest said is told from what liars did, and each thing believed is found."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from gate_events.codec import encode
from gate_events.digest import plan_digest
from gate_events.ids import derived, effect_key, plan_id_of_pause
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanProposed
from gate_events.values import Agent, Finding, RunIdentity, Step
from gate_events.words import DeciderKind, DecisionKind, GateState, OutcomeStatus, PauseKind, StepStatus, Tier
from gate_policy.disputed import DISPUTED
from gate_policy.route import route
from gate_store.clock import expiry
from gate_store.judged_words import IN_OTHER_WORDS
from plangate.torture.buried import Buried
from plangate.torture.chance import chance
from plangate.torture.evidence import Evidence
from plangate.torture.judge import judge
from plangate.torture.liars.lie import LIAR, Learned, Pen
from plangate.torture.liars.on_clearances import cleared
from plangate.torture.liars.on_outcomes import executed
from plangate.torture.liars.on_plans import proposal
from plangate.torture.liars.on_requests import approved, request
from plangate.torture.liars.told import Lie, Told
from plangate.torture.refusals import refused_lies
from plangate.torture.rows import DecisionRow, EffectRow, GateRow, Rows, RunRow
from tests.faults.test_judge import (
    CATALOGUE,
    CLEAN,
    DECISION,
    DOUBT,
    NOW,
    PLAN,
    REQUEST,
    STEP,
    THREAD,
    VERDICT,
    call,
)

PEN = Pen(1, chance(1), Learned(1))
GATE = GateRow(REQUEST, "APPROVED", VERDICT)
RULED = DecisionRow(DECISION, "DECIDED")
EFFECT = EffectRow(effect_key(PLAN.plan_id, "s1"), PLAN.plan_id, "s1", "SUCCEEDED", "resumer", "done")
ENDED = tuple(CLEAN.outcomes)
ROWS = Rows({THREAD: RunRow("DONE", PLAN.plan_id)}, (GATE,), (RULED,), (VERDICT,), ENDED, (EFFECT,), 0)


def told(*records: Any) -> Told:
    register = Told()
    for number, record in enumerate(records):
        register.note(Lie(number, "a kind", "a topic", record, encode(record)))
    return register


HARMLESS = (Step(step_id="s1", action_type="note", arguments={"label": "lie1/0/1", "amount": 1}),)
NEXT = proposal(PLAN, revision=2, steps=HARMLESS, proposer=LIAR)
NEXT_DIGEST = plan_digest(NEXT.plan_id, NEXT.revision, NEXT.steps, NEXT.run)
# The lie that stands for any other; nothing came of it.
LIED = replace(CLEAN, rows=ROWS, told=told(NEXT))


def found(evidence: Evidence) -> set[str]:
    return {name for name, cases in judge(evidence, CATALOGUE).items() if cases}


def believed(evidence: Evidence) -> list[str]:
    return judge(evidence, CATALOGUE)["lies_believed"]


def clearance(plan: Any = NEXT) -> PlanCleared:
    made = route(plan, CATALOGUE, now=NOW)
    assert isinstance(made, PlanCleared)
    return made


def test_a_lie_that_changed_nothing_is_not_believed() -> None:
    assert found(LIED) == set()


def test_a_call_that_only_a_liars_plan_covers_is_unapproved_and_believed() -> None:
    """The router and the gatekeeper are honest, but were fooled: their records do not excuse it."""
    fooled = replace(LIED, cleared=[clearance()], calls=[*CLEAN.calls, call(HARMLESS[0])])
    assert found(fooled) >= {"unapproved", "lies_believed"}


def test_a_liars_next_revision_is_covered_where_the_plan_id_was_his_first_and_it_asks_nobody() -> None:
    """An owner is claimed until proposals are signed; its true proposer was told so."""
    taken = Buried(encode(PLAN), f"plan {PLAN.plan_id} was first proposed by {LIAR}", PLAN.plan_id)
    rows = replace(ROWS, clearances=(VERDICT, clearance()))
    ran = replace(LIED, calls=[call(), call(HARMLESS[0])], rows=rows)
    assert {"unapproved", "lies_believed"} <= found(ran)
    assert not found(replace(ran, buried=[taken])) & {"unapproved", "lies_believed"}


def test_a_liars_own_plan_is_his_where_its_id_was_his_first_however_its_gate_ends() -> None:
    own = msgspec.structs.replace(REQUEST, digest=NEXT_DIGEST, revision=NEXT.revision, steps=NEXT.steps)
    verdict = msgspec.structs.replace(VERDICT, state=GateState.SUPERSEDED, execute=False)
    rows = replace(ROWS, gates=(GateRow(own, "SUPERSEDED", verdict),))
    lied = replace(LIED, rows=rows, service_plans=[PLAN], outcomes=[])
    why = f"plan {PLAN.plan_id} was first proposed by {LIAR}"
    taken = Buried(encode(PLAN), why, PLAN.plan_id, REQUEST.digest)
    assert any(str(own.request_id) in case for case in believed(lied))
    assert not any(str(own.request_id) in case for case in believed(replace(lied, buried=[taken])))


def test_a_call_that_a_liars_own_decision_approved_is_believed() -> None:
    said: DecisionMade = approved(REQUEST)
    verdict = msgspec.structs.replace(VERDICT, decision_id=said.event_id, decided_by=LIAR)
    fooled = replace(LIED, sent=[], verdicts=[verdict], told=told(said))
    assert found(fooled) >= {"unapproved", "lies_believed"}


def test_what_a_person_approved_as_edited_is_covered() -> None:
    steps = (msgspec.structs.replace(STEP, arguments={**STEP.arguments, "amount": 6}),)
    edit = msgspec.structs.replace(DECISION, kind=DecisionKind.EDIT, steps=steps)
    digest = plan_digest(PLAN.plan_id, 2, steps, None)
    verdict = msgspec.structs.replace(VERDICT, revision=2, digest=digest, steps=steps)
    ended = msgspec.structs.replace(CLEAN.outcomes[0], revision=2, digest=digest)
    of_it = {
        "gates": (GateRow(REQUEST, "APPROVED", verdict),),
        "clearances": (verdict,),
        "outcomes": (ended,),
    }
    edited = replace(
        LIED,
        sent=[edit],
        decided=[edit],
        verdicts=[verdict],
        calls=[call(steps[0])],
        outcomes=[ended],
        rows=replace(ROWS, **of_it),  # type: ignore[arg-type] # the fields' own types
    )
    assert found(edited) == set()


def ended_by(decision: DecisionMade, state: GateState) -> Rows:
    verdict = msgspec.structs.replace(VERDICT, decision_id=decision.event_id, state=state, execute=False)
    return replace(
        ROWS, gates=(GateRow(REQUEST, state.value, verdict),), decisions=(DecisionRow(decision, "DECIDED"),)
    )


def clock(**changed: Any) -> DecisionMade:
    words = {"kind": DecisionKind.EXPIRE, "decider": DeciderKind.CLOCK, "decided_by": "clock"}
    return msgspec.structs.replace(DECISION, event_id=derived("expire"), **{**words, **changed})


GATES_WORD = clock(kind=DecisionKind.SUPERSEDE, decider=DeciderKind.GATE, decided_by="gate")
OWN_WORDS = request(PLAN, PEN)
EASY = msgspec.structs.replace(
    REQUEST, review=msgspec.structs.replace(
        REQUEST.review, terms=msgspec.structs.replace(REQUEST.review.terms, reviewers=(LIAR,))
    )
)  # fmt: skip


def gate(asked: ApprovalRequested) -> Rows:
    return replace(ROWS, gates=(GateRow(asked, "APPROVED", VERDICT),))


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (gate(OWN_WORDS), "it reads"),
        (gate(EASY), "reviewers"),
        (gate(msgspec.structs.replace(REQUEST, tier=Tier.REVERSIBLE)), "it says REVERSIBLE"),
        (gate(msgspec.structs.replace(REQUEST, digest=NEXT_DIGEST)), "nobody honest proposed"),
        (ended_by(clock(), GateState.EXPIRED), "EXPIRED before its deadline"),
        (replace(ROWS, decisions=()), "by a liar's decision"),
        (gate(msgspec.structs.replace(REQUEST, proposer=LIAR)), "its proposer is mallory"),
        (gate(msgspec.structs.replace(REQUEST, agent=Agent(name=LIAR))), "its agent is"),
        (gate(msgspec.structs.replace(REQUEST, goal="another")), "its goal is another"),
        (replace(ROWS, clearances=(VERDICT, clearance())), "no honest word covers it"),
        (replace(ROWS, effects=(replace(EFFECT, result="forged"),)), "its result is a liar's"),
        (replace(ROWS, effects=(replace(EFFECT, effect_id=derived("other")),)), "the witness saw nothing"),
    ],
)
def test_each_row_about_an_honest_plan_that_a_lie_changed_is_found(rows: Rows, what: str) -> None:
    assert any(what in case for case in believed(replace(LIED, rows=rows)))


def test_a_liars_goal_counts_only_where_nobody_said_so() -> None:
    """The true words were refused aloud, or asked anew in nobody's."""
    asked = msgspec.structs.replace(REQUEST, goal="another")
    lie = request(PLAN, PEN, goal="another")  # asked anew, in the catalogue's words and with its goal
    lied = replace(LIED, rows=gate(asked), told=told(lie))
    error = f"gate {asked.request_id} asked about this plan {IN_OTHER_WORDS}, and is APPROVED"
    letter = Buried(encode(REQUEST), error, PLAN.plan_id, REQUEST.digest, REQUEST)
    assert any("its goal is another" in case for case in believed(lied))
    assert not any("its goal" in case for case in believed(replace(lied, buried=[letter])))
    disputed = Finding(check=DISPUTED, text="this plan was proposed in two ways")
    review = msgspec.structs.replace(asked.review, findings=(disputed,))
    in_nobodys_words = msgspec.structs.replace(asked, goal="", review=review)
    assert not any("its goal" in case for case in believed(replace(lied, rows=gate(in_nobodys_words))))
    of_the_lie = replace(letter, value=encode(lie), record=lie)
    assert any("its goal" in case for case in believed(replace(lied, buried=[of_the_lie])))


def test_a_gate_is_superseded_with_an_honest_reason_or_the_lie_was_believed() -> None:
    rows = ended_by(GATES_WORD, GateState.SUPERSEDED)
    assert believed(replace(LIED, rows=rows)) == []  # the plan had ended
    assert any("without an honest reason" in case for case in believed(replace(LIED, rows=rows, outcomes=[])))


def test_a_liars_use_of_a_decisions_id_at_another_gate_makes_no_lie_of_it() -> None:
    copied: DecisionMade = approved(msgspec.structs.replace(REQUEST, request_id=derived("another gate")))
    copied = msgspec.structs.replace(copied, event_id=DECISION.event_id, decided_by=LIAR)
    for decisions in (
        (DecisionRow(DECISION, "DECIDED"), DecisionRow(copied, "REFUSED")),
        (DecisionRow(copied, "REFUSED"), DecisionRow(DECISION, "DECIDED")),
    ):
        lied = replace(LIED, rows=replace(ROWS, decisions=decisions), told=told(copied))
        assert believed(lied) == []
    alone = replace(LIED, rows=replace(ROWS, decisions=(DecisionRow(copied, "REFUSED"),)), told=told(copied))
    assert any("by a liar's decision" in case for case in believed(alone))


def test_a_gate_that_a_liar_asked_about_an_honest_plan_is_believed() -> None:
    lied = replace(LIED, rows=gate(OWN_WORDS), told=told(OWN_WORDS))
    assert any("a liar asked" in case for case in believed(lied))


@pytest.mark.parametrize("replay", [True, False])
def test_the_clocks_own_word_is_no_lie_once_it_is_time_though_a_liar_said_it_before(replay: bool) -> None:
    deadline = REQUEST.review.terms.deadline
    word = expiry(REQUEST)
    early = Told()
    early.note(Lie(0, "expired_early", "decisions", word, encode(word), replay=replay))
    for moment, believes in ((deadline, False), (NOW, True)):
        rows = ended_by(word, GateState.EXPIRED)
        rows = replace(rows, decisions=(DecisionRow(word, "DECIDED", moment),))
        assert bool(believed(replace(LIED, rows=rows, told=early))) is believes


NOTED = proposal(PLAN, steps=(msgspec.structs.replace(STEP, action_type="note"),))


@pytest.mark.parametrize(("plan", "action", "is_found"), [(NOTED, "note", False), (PLAN, "wire", True)])
def test_what_a_lie_cleared_is_covered_where_the_catalogue_clears_it_too(
    plan: Any, action: str, is_found: bool
) -> None:
    """The gatekeeper judged it by itself, and the router, who knows of that, said nothing more."""
    digest = plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)
    [lie] = cleared(plan, CATALOGUE.digest)
    ended = msgspec.structs.replace(CLEAN.outcomes[0], digest=digest)
    on_a_lie = replace(
        LIED,
        told=told(lie),
        proposed=[plan],
        sent=[],
        requests=[],
        verdicts=[],
        gates={},
        dispositions={},
        calls=[call(plan.steps[0])],
        outcomes=[ended],
        rows=replace(ROWS, gates=(), decisions=(), clearances=(lie,), outcomes=(ended,)),
    )
    assert found(on_a_lie) == ({"unapproved", "lost_plans", "lies_believed"} if is_found else set())
    assert found(replace(on_a_lie, told=told(NEXT))) >= {"unapproved", "lost_plans"}


def test_a_clearance_that_names_another_agent_was_believed() -> None:
    [lie] = cleared(NOTED, CATALOGUE.digest, proposer=LIAR)
    on_a_lie = replace(LIED, proposed=[NOTED], told=told(lie), rows=replace(ROWS, clearances=(lie,)))
    assert any("its proposer is mallory" in case for case in believed(on_a_lie))


def test_an_outcome_that_a_lie_kept_out_of_the_store_is_found() -> None:
    assert any(
        "is not what the store has" in case
        for case in believed(replace(LIED, rows=replace(ROWS, outcomes=())))
    )


def test_a_liars_outcome_of_an_honest_plan_is_believed_and_one_of_his_own_plan_is_not() -> None:
    own = msgspec.structs.replace(NEXT, plan_id=derived("his own"))
    for victim, believes in ((PLAN, True), (own, False)):
        lie = executed(victim, PEN, OutcomeStatus.NOT_RUN, StepStatus.SKIPPED)
        lied = replace(LIED, rows=replace(ROWS, outcomes=(*ENDED, lie)), told=told(lie))
        assert bool(believed(lied)) is believes


@pytest.mark.parametrize(
    "run", [RunRow("DONE", derived("his own")), RunRow("DONE", PLAN.plan_id, "", "f" * 64)]
)
def test_a_run_that_a_lie_took_is_found(run: RunRow) -> None:
    assert found(replace(LIED, runs={THREAD: run})) >= {"lies_believed"}


def test_a_plan_of_a_service_must_end_or_be_refused_aloud() -> None:
    service = replace(LIED, service_plans=[PLAN])
    assert found(service) == set()
    silent = replace(
        service, outcomes=[], verdicts=[], calls=[], rows=replace(ROWS, clearances=(), effects=())
    )
    assert found(silent) >= {"unfinished", "lies_believed"}
    first = f"plan {PLAN.plan_id} was first proposed by mallory for agent mallory"
    aloud = replace(silent, buried=[Buried(encode(PLAN), first, PLAN.plan_id, REQUEST.digest)])
    assert found(aloud) & {"unfinished"} == set()
    for letter in (
        Buried(encode(PLAN), "its deadline is no date", PLAN.plan_id, REQUEST.digest),
        Buried(encode(CLEAN.outcomes[0]), first, PLAN.plan_id, "f" * 64),
    ):
        assert found(replace(silent, buried=[letter])) >= {"unfinished", "lies_believed"}
    other = msgspec.structs.replace(NEXT, plan_id=derived("his own"))
    assert found(replace(aloud, told=told(other))) >= {"unfinished", "lies_believed"}


def test_a_plan_that_was_answered_instead_of_run_needs_no_outcome() -> None:
    """The router cleared it, and a lie had it asked about before."""
    word = msgspec.structs.replace(VERDICT, state=GateState.RESPONDED, execute=False)
    cleared = replace(CLEAN, cleared=[clearance(NOTED)], proposed=[NOTED], outcomes=[], calls=[], requests=[])
    assert "lost_plans" in found(replace(cleared, verdicts=[]))
    assert "lost_plans" not in found(replace(cleared, verdicts=[word]))


def test_a_probed_action_that_happened_twice_is_a_blind_repeat_and_one_that_failed_first_is_none() -> None:
    sends = msgspec.structs.replace(STEP, action_type="send")
    twice = [call(sends), call(sends, pid=2)]
    assert judge(replace(CLEAN, calls=twice), CATALOGUE)["blind_repeats"]
    failed = [call(sends, manner="fails"), call(sends, pid=2)]
    assert not judge(replace(CLEAN, calls=failed), CATALOGUE)["blind_repeats"]


def refused(evidence: Evidence) -> set[int]:
    return refused_lies(evidence)


def test_a_lie_is_refused_where_the_log_or_the_store_says_so() -> None:
    assert refused(LIED) == set()
    assert refused(replace(LIED, buried=[Buried(encode(NEXT))])) == {0}
    routed = Buried(b"what the router made of it", "", NEXT.plan_id, NEXT_DIGEST)
    assert refused(replace(LIED, buried=[routed])) == {0}
    said = approved(REQUEST)
    ruled = replace(LIED, told=told(said), rows=replace(ROWS, decisions=(DecisionRow(said, "REFUSED"),)))
    assert refused(ruled) == {0}
    assert refused(replace(LIED, told=told(OWN_WORDS))) == {0}  # asked in the gatekeeper's own words


DOUBTED = replace(
    LIED,
    rows=replace(
        ended_by(msgspec.structs.replace(GATES_WORD, request_id=DOUBT.request_id), GateState.SUPERSEDED),
        gates=(
            GateRow(DOUBT, "SUPERSEDED", msgspec.structs.replace(VERDICT, decision_id=GATES_WORD.event_id)),
        ),
    ),
)


@pytest.mark.parametrize("state", ["SUCCEEDED", "IN_DOUBT"])
def test_a_doubt_is_superseded_where_the_ledger_knows_or_the_lie_was_believed(state: str) -> None:
    rows = replace(DOUBTED.rows, effects=(replace(EFFECT, state=state),))
    cases = believed(replace(DOUBTED, rows=rows))
    assert any("without an honest reason" in case for case in cases) is (state == "IN_DOUBT")


@pytest.mark.parametrize(("checkpoint", "believes"), [("1f2", False), ("1f0", True)])
def test_only_a_later_plan_of_its_run_takes_a_gates_place(checkpoint: str, believes: bool) -> None:
    at = RunIdentity(
        graph="one_gate", graph_version="1", thread_id=THREAD, checkpoint_id="1f1", kind=PauseKind.DYNAMIC
    )
    older, newer = (asked_by(msgspec.structs.replace(at, checkpoint_id=each)) for each in ("1f1", checkpoint))
    word = msgspec.structs.replace(GATES_WORD, request_id=older[1].request_id)
    verdict = msgspec.structs.replace(VERDICT, decision_id=word.event_id)
    rows = replace(
        ended_by(word, GateState.SUPERSEDED),
        gates=(GateRow(older[1], "SUPERSEDED", verdict), GateRow(newer[1], "PENDING")),
    )
    evidence = replace(LIED, proposed=[PLAN, older[0], newer[0]], rows=rows)
    assert any("without an honest reason" in case for case in believed(evidence)) is believes


def asked_by(run: RunIdentity) -> tuple[PlanProposed, ApprovalRequested]:
    plan = msgspec.structs.replace(PLAN, plan_id=plan_id_of_pause(run), run=run)
    request_ = route(plan, CATALOGUE, now=NOW)
    assert isinstance(request_, ApprovalRequested)
    return plan, request_
