"""EXPIRE is the clock's and SUPERSEDE the gate's own: nobody else says them, nor takes their ids."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, event, func, select

from gate_events.digest import plan_digest
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.values import Step
from gate_events.words import DeciderKind, DecisionKind, Resolution
from gate_store.clearances import record_cleared
from gate_store.clock import ask_expiry, ask_expiry_again, expiry, settle_waiting
from gate_store.decisions import apply_decisions
from gate_store.dispositions import Fate
from gate_store.lookup import disposition_of
from gate_store.outcomes import record_outcomes
from gate_store.said import Said
from gate_store.superseding import supersede
from gate_store.tables import decisions, gates
from tests.store.acting import as_edited, ask, compensated, decide, fates, said, state_of, verdict_of
from tests.store.examples import HOUR, NOON, asked, asked_in_doubt, cleared, decided, executed, plan_id, run

K = DecisionKind
MOMENT = timedelta(microseconds=1)
CLOCK: dict[str, Any] = {"by": "clock", "decider": DeciderKind.CLOCK}
GATE: dict[str, Any] = {"by": "gate", "decider": DeciderKind.GATE}
OTHER = (Step(step_id="s1", action_type="email.send", arguments={"to": "z@example.org"}),)


def recorded(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(decisions)).scalar_one()


def expire(conn: Connection, request: ApprovalRequested) -> list[Fate]:
    """The deadline comes, and the clock says so."""
    return fates(decide(conn, expiry(request)))


def test_an_expiry_before_the_deadline_is_a_dead_letter_and_the_clock_still_says_it(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    early = Said(expiry(request), NOON + HOUR - MOMENT)
    [became] = decide(conn, early, now=NOON + HOUR)
    assert became.fate is Fate.DEAD_LETTER
    assert "had not come" in became.why
    assert (state_of(conn, request), recorded(conn)) == ("PENDING", 0)
    assert ask_expiry(conn, NOON + HOUR) == 1
    assert expire(conn, request) == [Fate.DECIDED]


def test_an_expiry_counts_only_when_our_own_clock_finds_it_due(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    word = Said(expiry(request), NOON + 2 * HOUR)
    [became] = apply_decisions(conn, [word], NOON + HOUR - MOMENT, as_edited, compensated)
    assert (became.fate, state_of(conn, request)) == (Fate.DEAD_LETTER, "PENDING")


def test_an_expiry_that_no_gatekeeper_took_is_said_again(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    due, minute = NOON + HOUR, timedelta(minutes=1)
    assert (ask_expiry(conn, due), ask_expiry_again(conn, due, minute)) == (1, 0)
    assert ask_expiry_again(conn, due + minute, minute) == 1
    assert ask_expiry_again(conn, due + minute, minute) == 0
    expire(conn, request)
    assert ask_expiry_again(conn, due + HOUR, minute) == 0


@pytest.mark.parametrize(
    "forged",
    [
        {"note": "nobody cared"},
        {"event_id": derived("test", "mine")},
        {"decided_at": NOON + 2 * HOUR},
        {"step_ids": ("s1",)},
    ],
)
def test_an_expiry_that_the_clock_would_not_say_is_a_dead_letter(
    conn: Connection, forged: dict[str, Any]
) -> None:
    request = asked()
    ask(conn, request)
    word = msgspec.structs.replace(expiry(request), **forged)
    assert fates(decide(conn, word)) == [Fate.DEAD_LETTER]
    assert (state_of(conn, request), recorded(conn)) == ("PENDING", 0)


@pytest.mark.parametrize("batches", [1, 2])
def test_the_clocks_word_said_by_another_before_its_gate_opens_holds_nothing_up(
    conn: Connection, batches: int
) -> None:
    """It is the very word, and came too early: what counts is when the clock itself says it."""
    request, due = asked(), NOON + HOUR
    lie, word = Said(expiry(request), NOON), Said(expiry(request), due + MOMENT)
    assert fates(decide(conn, lie)) == [Fate.WAITING]
    assert fates(ask(conn, request)) == [Fate.WAITING]
    if batches == 2:
        assert fates(decide(conn, lie, now=due)) == [Fate.WAITING]
        assert ask_expiry(conn, due) == 1
        assert fates(decide(conn, word, now=due + MOMENT)) == [Fate.DECIDED]
    else:
        assert fates(decide(conn, lie, word, lie, now=due + MOMENT)) == [
            Fate.WAITING,
            Fate.DECIDED,
            Fate.DECIDED,
        ]
    assert (state_of(conn, request), verdict_of(conn, request).decided_at) == ("EXPIRED", due + MOMENT)
    assert conn.execute(select(decisions.c.said_at, decisions.c.disposition)).all() == [
        (due + MOMENT, Fate.DECIDED)
    ]


@pytest.mark.parametrize("kind", [K.APPROVE, K.REJECT, K.SUPERSEDE, K.EXPIRE, K.WITHDRAW])
@pytest.mark.parametrize("there", [True, False])
def test_nobody_takes_the_id_of_the_clocks_word(conn: Connection, kind: DecisionKind, there: bool) -> None:
    request = asked()
    if there:
        ask(conn, request)
    taker = decided(request, kind, "eve", event_id=expiry(request).event_id)
    assert fates(decide(conn, taker)) == [Fate.DEAD_LETTER]
    assert recorded(conn) == 0
    ask(conn, request)
    assert expire(conn, request) == [Fate.DECIDED]
    assert state_of(conn, request) == "EXPIRED"


@pytest.mark.parametrize("there", [True, False])
def test_who_takes_the_clocks_id_at_another_gate_holds_nothing_up(conn: Connection, there: bool) -> None:
    request, other = asked(plan_id("a")), asked(plan_id("b"))
    ask(conn, *([other] if there else []))
    taker = decided(other, digest="f" * 64, event_id=expiry(request).event_id)
    assert fates(decide(conn, taker)) == [Fate.REFUSED if there else Fate.WAITING]
    ask(conn, request)
    assert expire(conn, request) == [Fate.DECIDED]
    assert (state_of(conn, request), verdict_of(conn, request).decided_by) == ("EXPIRED", "clock")
    assert expire(conn, request) == [Fate.DECIDED]  # the same word once more
    assert recorded(conn) == 2


def test_a_late_approval_does_not_profit_from_a_taken_id(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    decide(conn, decided(request, by="billing-service", event_id=expiry(request).event_id))
    expire(conn, request)
    late = Said(decided(request, at=NOON + HOUR - MOMENT), NOON + 72 * HOUR)
    assert fates(decide(conn, late)) == [Fate.LATE]


def test_an_id_is_used_for_one_decision(conn: Connection) -> None:
    first, second = asked(plan_id("a")), asked(plan_id("b"))
    ask(conn, first, second)
    taken = decided(first)
    again = decided(second, event_id=taken.event_id)
    [decided_, dead] = decide(conn, taken, again)
    assert (decided_.fate, dead.fate) == (Fate.DECIDED, Fate.DEAD_LETTER)
    assert "used before" in dead.why
    assert fates(decide(conn, again, taken)) == [Fate.DEAD_LETTER, Fate.DECIDED]
    assert state_of(conn, second) == "PENDING"


@pytest.mark.parametrize("lie", ["refused", "waits", "late"])
def test_what_does_not_count_takes_no_id_from_a_decision_that_does(conn: Connection, lie: str) -> None:
    """Two gatekeepers may meet the copy first."""
    request, unknown, closed = asked(), asked(plan_id("nobody asks this")), asked(plan_id("closed"))
    ask(conn, request, closed)
    decide(conn, decided(closed, name="before"))
    true = decided(request)
    copied: dict[str, Any] = {"event_id": true.event_id}
    forged = {
        "refused": decided(request, by="biller", **copied),
        "waits": decided(unknown, **copied),
        "late": decided(closed, by="mallory", at=true.decided_at - MOMENT, **copied),
    }
    became = {"refused": Fate.REFUSED, "waits": Fate.WAITING, "late": Fate.LATE}
    assert fates(decide(conn, forged[lie])) == [became[lie]]
    assert fates(decide(conn, true, true)) == [Fate.DECIDED, Fate.DECIDED]
    assert fates(decide(conn, true)) == [Fate.DECIDED]
    assert state_of(conn, request) == "APPROVED"


@pytest.mark.parametrize("lie_first", [True, False], ids=["the copy first", "the copy last"])
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
def test_of_two_decisions_of_one_id_at_two_gates_the_first_on_the_log_has_it(
    conn: Connection, lie_first: bool, together: bool
) -> None:
    """A liar learns an id from the log, and another partition may be read first."""
    request, closed = asked(), asked(plan_id("closed"))
    ask(conn, request, closed)
    decide(conn, decided(closed, name="before"))
    true = decided(request)
    copied = Said(decided(closed, event_id=true.event_id), true.decided_at + MOMENT)
    both: list[DecisionMade | Said] = [copied, true] if lie_first else [true, copied]
    became = decide(conn, *both) if together else [each for one in both for each in decide(conn, one)]
    assert fates(became) == ([Fate.LATE, Fate.DECIDED] if lie_first else [Fate.DECIDED, Fate.DEAD_LETTER])
    assert fates(decide(conn, true)) == [Fate.DECIDED]
    assert state_of(conn, request) == "APPROVED"
    told = disposition_of(conn, true)
    assert told is not None
    assert told.fate is Fate.DECIDED


def test_true_and_one_are_two_decisions(conn: Connection) -> None:
    request = asked()
    one, true = ((Step(step_id="s1", action_type="a", arguments={"on": value}),) for value in (1, True))
    first = decided(request, K.EDIT, steps=one)
    same_id = decided(request, K.EDIT, steps=true)
    ask(conn, request)
    assert fates(decide(conn, first, same_id)) == [Fate.DECIDED, Fate.DEAD_LETTER]


def test_a_superseding_without_a_newer_one_is_a_dead_letter(conn: Connection) -> None:
    request = asked(run=run())
    ask(conn, request)
    for newer in (derived("test", "nothing"), "outcome", "report", "probe"):
        word = supersede(request, newer, NOON, "revision 2 of the plan took its place")
        assert fates(decide(conn, word)) == [Fate.DEAD_LETTER]
    assert (state_of(conn, request), recorded(conn)) == ("PENDING", 0)


def newer_revision(conn: Connection, request: ApprovalRequested) -> None:
    ask(conn, asked(request.plan_id, revision=2, steps=OTHER, run=request.run))


def newer_plan_of_the_run(conn: Connection, request: ApprovalRequested) -> None:
    ask(conn, asked(plan_id("next"), run=run(checkpoint="c2")))


def newer_clearance(conn: Connection, request: ApprovalRequested) -> None:
    """Of a service: only an edit makes a newer revision of a run's plan."""
    word = cleared(request.plan_id)
    record_cleared(conn, [_second(word)], NOON)


def _second(word: Any) -> Any:
    digest = plan_digest(word.plan_id, 2, word.steps, word.run)
    return msgspec.structs.replace(word, revision=2, digest=digest)


def an_outcome(conn: Connection, request: ApprovalRequested) -> None:
    """Of a service's plan that was cleared: no other outcome closes a gate."""
    word = cleared(request.plan_id)
    record_cleared(conn, [word], NOON)
    record_outcomes(conn, [executed(word)], NOON)


@pytest.mark.parametrize("happens", [newer_revision, newer_plan_of_the_run, newer_clearance, an_outcome])
def test_the_gates_own_superseding_counts_and_no_other_wording_of_it(conn: Connection, happens: Any) -> None:
    request = asked() if happens in {newer_clearance, an_outcome} else asked(run=run())
    ask(conn, request)
    happens(conn, request)
    [word] = [each for each in said(conn, DecisionMade) if each.request_id == request.request_id]
    forged = msgspec.structs.replace(word, note="the reviewer agreed to everything")
    assert fates(decide(conn, forged)) == [Fate.DEAD_LETTER]
    assert fates(decide(conn, word)) == [Fate.DECIDED]
    assert state_of(conn, request) == "SUPERSEDED"


def test_two_revisions_at_once_both_count_as_newer(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    ask(conn, asked(revision=2, steps=OTHER))
    ask(conn, asked(revision=3, steps=OTHER))
    words = [each for each in said(conn, DecisionMade) if each.request_id == request.request_id]
    assert len(words) == 2
    assert fates(decide(conn, *words)) == [Fate.DECIDED, Fate.LATE]


def test_a_newer_plan_of_a_run_is_looked_up_by_its_name_and_not_among_all_that_the_run_asked(
    conn: Connection,
) -> None:
    older, newer = asked(run=run()), asked(plan_id(2), run=run(), requested_at=NOON + MOMENT)
    ask(conn, older)
    ask(conn, newer)
    [word] = said(conn, DecisionMade)
    statements: list[str] = []
    event.listen(conn, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert fates(decide(conn, word)) == [Fate.DECIDED]
    assert not [each for each in statements if "WHERE" in each and "gates.thread_id" in each]


def test_an_open_doubt_is_not_superseded_by_whoever_says_so(conn: Connection) -> None:
    doubt = asked_in_doubt()
    ask(conn, doubt)
    for source in ("report", "probe", "outcome"):
        assert fates(decide(conn, supersede(doubt, source, NOON, "it is known"))) == [Fate.DEAD_LETTER]
    answer = decided(doubt, K.RESOLVE, resolution=Resolution.ABANDON)
    assert fates(decide(conn, answer)) == [Fate.DECIDED]


def test_a_superseding_that_came_before_its_gates_counts_when_both_are_there(conn: Connection) -> None:
    old, new = asked(), asked(revision=2, steps=OTHER)
    word = supersede(old, new.request_id, new.requested_at, "revision 2 of the plan took its place")
    assert fates(decide(conn, word)) == [Fate.WAITING]
    assert fates(ask(conn, old)) == [Fate.WAITING]
    assert fates(ask(conn, new)) == [Fate.DECIDED]
    assert state_of(conn, old) == "SUPERSEDED"


def test_a_superseding_whose_newer_gate_never_comes_is_given_up(conn: Connection) -> None:
    request = asked()
    word = supersede(request, derived("test", "nothing"), NOON, "revision 2 of the plan took its place")
    decide(conn, word)
    ask(conn, request)
    [(given_up, why)] = settle_waiting(conn, NOON + 24 * HOUR, 24 * HOUR)
    assert (given_up, why.partition(":")[0]) == (word, "the store had no reason to say so")
    assert state_of(conn, request) == "PENDING"


def test_a_person_saying_expire_or_supersede_is_refused_as_ever(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    came = decide(conn, decided(request, K.EXPIRE, at=NOON + HOUR), decided(request, K.SUPERSEDE))
    assert fates(came) == [Fate.REFUSED, Fate.REFUSED]
    assert conn.execute(select(gates.c.state)).scalar() == "PENDING"
