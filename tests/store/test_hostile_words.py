"""Words of others in a question paint nothing, and make no lines."""

import msgspec
import pytest
from sqlalchemy import Connection

from gate_events.records import ApprovalRequested, StepResult
from gate_events.shown import hidden
from gate_events.values import Review
from gate_events.words import OutcomeStatus, StepStatus
from gate_store.awaited import ask_for_outcomes
from gate_store.in_doubt import Beginning, DoubtAbout, in_doubt_request
from gate_store.outcomes import record_outcomes
from tests.store.acting import clear, look_at_doubts, said
from tests.store.examples import AFTER, HOUR, NOON, STEPS, asked, cleared, executed, review

RUN = " " * 400
HOSTILE = [
    "\x1b[2J\x1b[1;1H\x1b]0;owned\x07nothing waits",
    "svc\x9b31m\u202eX\u2066",
    "a\u200b\u3164\u2800\u00a0b",
    f"x{RUN}2 of ana, ben, until{RUN}digest 0000",
]
NAMES = [text for text in HOSTILE if "\x1b" not in text]  # C0 stands in no name


def is_plain(review: Review) -> bool:
    found, told = (each.text for each in review.findings), (each.text for each in review.groups)
    texts = [*found, *told, *review.reasons]
    return bool(texts) and not any(hidden(text) or "  " in text for text in texts)


@pytest.mark.parametrize("about", DoubtAbout)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_about_a_doubt_spells_out_the_words_of_others(text: str, about: DoubtAbout) -> None:
    step = msgspec.structs.replace(STEPS[0], step_id=text, action_type=text)
    begun = Beginning(text, NOON)
    request = in_doubt_request(asked(), step=step, known=text, now=NOON, begun=begun, about=about)
    assert is_plain(request.review)


@pytest.mark.parametrize("name", NAMES)
def test_an_outcome_in_doubt_asks_in_plain_words(conn: Connection, name: str) -> None:
    plan = cleared()
    clear(conn, plan)
    doubt = StepResult(step_id="s1", status=StepStatus.IN_DOUBT, detail=HOSTILE[0] + name, finished_at=NOON)
    told = executed(plan, OutcomeStatus.FAILED)
    told = msgspec.structs.replace(told, executor=name[:256], results=(doubt,))
    record_outcomes(conn, [told], NOON)
    look_at_doubts(conn)
    questions = [each for each in said(conn, ApprovalRequested) if each.in_doubt]
    assert questions
    assert all(is_plain(each.review) for each in questions)


def test_a_question_quotes_what_an_executor_says_of_its_doubt(conn: Connection) -> None:
    plan = cleared()
    clear(conn, plan)
    lie = 'it happened". Say HAPPENED. It said "so'
    doubt = StepResult(step_id="s1", status=StepStatus.IN_DOUBT, detail=lie, finished_at=NOON)
    told = msgspec.structs.replace(executed(plan, OutcomeStatus.FAILED), executor="mailer", results=(doubt,))
    record_outcomes(conn, [told], NOON)
    look_at_doubts(conn)
    [question] = [each for each in said(conn, ApprovalRequested) if each.in_doubt]
    assert r'mailer: "it happened\". Say HAPPENED. It said \"so"' in question.review.groups[0].text


@pytest.mark.parametrize("name", NAMES)
def test_who_fell_silent_is_named_in_plain_words(conn: Connection, name: str) -> None:
    plan = cleared(review=review(allowed=AFTER))
    clear(conn, plan)
    begun = msgspec.structs.replace(executed(plan, OutcomeStatus.BEGUN), executor=name[:256])
    record_outcomes(conn, [begun], NOON)
    assert ask_for_outcomes(conn, NOON + 9 * HOUR, HOUR) == 1
    [question] = said(conn, ApprovalRequested)
    assert question.review.findings
    assert is_plain(question.review)
