"""What a reviewer was shown has a digest; requests, decisions and verdicts name it."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from gate_events.digest import review_digest
from gate_events.values import Step
from gate_events.words import DecisionKind, Resolution, known
from gate_store.afterwards import review_of
from gate_store.in_doubt import in_doubt_request
from gate_store.verdicts import AsEdited, asked_again
from tests.store.acting import ask, decide, verdict_of
from tests.store.examples import NOON, asked, asked_in_doubt, cleared, decided

EDITED = (Step(step_id="s1", action_type="email.send", arguments={"to": "c@example.org"}),)


def test_a_verdict_says_what_was_seen_by_which_policy_and_which_attempt(conn: Connection) -> None:
    request = asked(attempt=2)
    ask(conn, request)
    seen = NOON + timedelta(minutes=1)
    decide(conn, decided(request, seen_at=seen))
    verdict = verdict_of(conn, request)
    assert (verdict.review_digest, verdict.seen_at) == (review_digest(request.review), seen)
    assert (verdict.policy, verdict.attempt, verdict.resolution) == (request.policy, 2, None)


def test_the_verdict_on_an_edit_names_the_catalogue_that_judged_it(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    edit = decided(request, DecisionKind.EDIT, steps=EDITED)
    decide(conn, edit, retier=lambda *_: AsEdited("ef" * 32))
    assert verdict_of(conn, request).policy == "ef" * 32


@pytest.mark.parametrize("resolution", known(Resolution))
def test_the_verdict_on_a_doubt_says_which_answer_it_was(conn: Connection, resolution: Resolution) -> None:
    doubt = asked_in_doubt()
    ask(conn, doubt)
    decide(conn, decided(doubt, DecisionKind.RESOLVE, resolution=resolution))
    assert verdict_of(conn, doubt).resolution is resolution


def test_a_decision_that_does_not_say_what_was_seen_counts_and_is_told_so(conn: Connection) -> None:
    request = asked(quorum=2)
    ask(conn, request)
    came = decide(conn, *(decided(request, by=name, review_digest=None) for name in ("ada", "bob")))
    assert [each.why for each in came] == [
        "1 of 2 approvals; not said what was seen",
        "closed the gate: APPROVED; not said what was seen",
    ]


def test_every_question_of_the_store_names_its_review(conn: Connection) -> None:
    doubt = asked_in_doubt()
    again = asked_again(doubt)
    assert again.review != doubt.review
    assert again.review_digest == review_digest(again.review)
    review = review_of(cleared(review=doubt.review), NOON)
    assert review
    assert review.review_digest == review_digest(review.review)
    asked_ = in_doubt_request(doubt, step=doubt.steps[0], known="it was begun", now=NOON)
    assert asked_.review_digest == review_digest(asked_.review)
