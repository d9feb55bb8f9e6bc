from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from gate_events.codec import decode, encode
from gate_events.digest import review_digest
from gate_events.errors import UnencodableError
from gate_events.records import DecisionMade, IncidentReported, PlanProposed
from gate_events.words import DeciderKind, DecisionKind, Resolution
from gate_policy.catalogue import load_catalogue
from gate_policy.edited import review_of_edit
from plangate import Plan, Step, decide, propose, report
from tests.producers.records import NOW, requested


class Overheard:
    """A voice that keeps what every reader of its bytes would get."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def send(self, record: Any) -> None:
        self.records.append(decode(encode(record), type(record)))


@pytest.fixture
def voice() -> Overheard:
    return Overheard()


def test_a_proposal_is_read_as_it_was_said(voice: Overheard) -> None:
    said = propose(voice, Plan([Step("a", {"n": 1.5})], "why", "billing"), now=lambda: NOW)
    assert voice.records == [said]
    assert isinstance(said, PlanProposed)
    assert (said.proposer, said.revision, said.proposed_at) == ("billing", 1, NOW)


def test_the_same_plan_and_revision_are_the_same_event(voice: Overheard) -> None:
    plan_id = uuid4()
    first, second = (propose(voice, [Step("a")], plan_id=plan_id) for _ in range(2))
    assert first.event_id == second.event_id
    assert propose(voice, [Step("a")], plan_id=plan_id, revision=2).event_id != first.event_id


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan([Step("a")], "x" * 100_001), "Expected `str` of length <= 100000 - at `$.goal`"),
        (Plan([Step("a")], proposer="a\nb"), "at `$.proposer`"),
        (Plan([Step("a", {"n": 2**60})]), "beyond 2^53"),
    ],
)
def test_what_no_reader_takes_is_not_sent(voice: Overheard, plan: Plan, words: str) -> None:
    with pytest.raises(UnencodableError) as caught:
        propose(voice, plan)
    assert words in str(caught.value)
    assert voice.records == []


def test_a_decision_binds_exactly_what_was_shown(voice: Overheard) -> None:
    request = requested()
    said = decide(voice, request, DecisionKind.APPROVE, by="ann", note="fine", now=lambda: NOW)
    assert voice.records == [said]
    assert isinstance(said, DecisionMade)
    assert (said.request_id, said.revision, said.digest) == (request.request_id, 1, request.digest)
    assert (said.decided_by, said.decider, said.note) == ("ann", DeciderKind.PERSON, "fine")


def test_the_proposer_withdraws(voice: Overheard) -> None:
    said = decide(voice, requested(), DecisionKind.WITHDRAW, by="billing")
    assert said.decider is DeciderKind.PROPOSER


def test_an_edit_carries_the_whole_plan(voice: Overheard) -> None:
    request = requested()
    said = decide(voice, request, DecisionKind.EDIT, by="ann", steps=request.steps[:1])
    assert said.steps == request.steps[:1]
    assert (said.review_digest, said.seen_at) == (None, None)  # nobody rendered what it became


def test_an_edit_names_what_the_catalogue_makes_of_it(voice: Overheard) -> None:
    request, catalogue = requested(), load_catalogue("version: 1\nactions: {}\n")
    said = decide(
        voice,
        request,
        DecisionKind.EDIT,
        by="ann",
        steps=request.steps[:1],
        catalogue=catalogue,
        now=lambda: NOW,
    )
    became = review_of_edit(request, request.steps[:1], catalogue)
    assert (said.review_digest, said.seen_at) == (review_digest(became), NOW)


def test_a_decision_names_the_review_that_was_shown_or_says_that_none_was(voice: Overheard) -> None:
    request, before = requested(), NOW - timedelta(minutes=1)
    said = decide(voice, request, DecisionKind.REJECT, by="ann", seen_at=before, now=lambda: NOW)
    assert (said.review_digest, said.seen_at) == (review_digest(request.review), before)
    unseen = decide(voice, request, DecisionKind.REJECT, by="ann", shown=False)
    assert (unseen.review_digest, unseen.seen_at) == (None, None)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (DecisionKind.EDIT, {}, "EDIT needs the whole plan in steps"),
        (DecisionKind.APPROVE, {"steps": [Step("a")]}, "only EDIT carries steps"),
        (DecisionKind.UNDO, {"step_ids": ["s7"]}, "the plan has no steps ['s7']"),
        (DecisionKind.APPROVE, {"step_ids": ["s1"]}, "only UNDO names step_ids"),
        (DecisionKind.RESOLVE, {}, "RESOLVE needs a resolution"),
        (DecisionKind.REJECT, {"resolution": Resolution.RETRY}, "only RESOLVE carries a resolution"),
        (DecisionKind.APPROVE, {"by": ""}, "at `$.decided_by`"),
    ],
)
def test_a_decision_that_fits_no_gate_is_not_sent(
    voice: Overheard, kind: DecisionKind, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(UnencodableError) as caught:
        decide(voice, requested(), kind, **{"by": "ann", **given})
    assert words in str(caught.value)
    assert voice.records == []


def test_an_incident_names_its_plan_and_steps(voice: Overheard) -> None:
    plan_id = uuid4()
    said = report(voice, plan_id, "200 customers were mailed twice", by="ann", step_ids=["s1"], harm=True)
    assert voice.records == [said]
    assert isinstance(said, IncidentReported)
    assert (said.plan_id, said.step_ids, said.harm) == (plan_id, ("s1",), True)
