"""What an edit made of a plan is held to the terms and findings of what it became."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from gate_events.digest import review_digest
from gate_events.records import ApprovalRequested
from gate_events.values import Step
from gate_events.words import DecisionKind
from gate_policy.catalogue import load_catalogue
from gate_policy.edited import review_of_edit
from gate_policy.route import route
from gate_store.verdicts import AsEdited
from stream_apps.gatekeeper.edits import retier
from tests.policy.plans import NOW, plan, step
from tests.store.examples import decided

CATALOGUE = load_catalogue("""
version: 1
defaults: {deadline: 8h, use_by: 1h}
actions:
  pay: {tier: IRREVERSIBLE}
  wire: {tier: IRREVERSIBLE, use_by: 5m}
  call: {tier: IRREVERSIBLE, deadline: 1h}
""")


def asked(*steps: Step) -> ApprovalRequested:
    request = route(plan(*steps), CATALOGUE, now=NOW)
    assert isinstance(request, ApprovalRequested)
    return request


def became(request: ApprovalRequested, *steps: Step, at: datetime = NOW, by: str = "ada") -> Any:
    """With what it became seen by the reviewer."""
    seen = review_digest(review_of_edit(request, steps, CATALOGUE))
    return retier(request, edit(request, *steps, at=at, by=by, review_digest=seen), CATALOGUE)


def edit(request: ApprovalRequested, *steps: Step, at: datetime = NOW, by: str = "ada", **seen: Any) -> Any:
    return decided(request, DecisionKind.EDIT, by, at=at, steps=steps, **seen)


def test_an_edit_of_the_same_kind_is_approved_as_edited() -> None:
    assert became(asked(step("s1", "pay", to="ann")), step("s1", "pay", to="bob")) == AsEdited(
        CATALOGUE.digest
    )


def test_an_edit_takes_the_shorter_use_by_of_what_it_became() -> None:
    again = became(asked(step("s1", "pay")), step("s1", "wire"))
    assert again.review.terms.use_by_s == 300


def test_an_edit_takes_the_earlier_deadline_of_what_it_became() -> None:
    request, hour = asked(step("s1", "pay")), timedelta(hours=1)
    assert became(request, step("s1", "call"), at=NOW + hour) == AsEdited(CATALOGUE.digest)
    over = NOW + hour + timedelta(seconds=1)
    assert became(request, step("s1", "call"), at=over).review.terms.deadline == over + hour


@pytest.mark.parametrize(
    "steps", [(step("s1", "unheard_of"),), (step("s1", "pay", to="a"), step("s2", "pay", to="a"))]
)
@pytest.mark.parametrize("seen", [None, "ab" * 32])
def test_an_edit_whose_findings_nobody_saw_is_asked_about(steps: tuple[Step, ...], seen: str | None) -> None:
    request = asked(step("s1", "pay", to="ann"))
    again: Any = retier(request, edit(request, *steps, review_digest=seen), CATALOGUE)
    assert again.review.findings
    assert (again.revision, again.steps) == (2, steps)


def test_what_an_edit_became_is_asked_about_until_its_reviewer_names_it() -> None:
    request, steps = asked(step("s1", "pay", to="ann")), (step("s1", "pay", to="bob"),)
    again: Any = retier(request, edit(request, *steps), CATALOGUE)
    assert (again.revision, again.steps) == (2, steps)
    of_the_plan_before = review_digest(request.review)
    again = retier(request, edit(request, *steps, review_digest=of_the_plan_before), CATALOGUE)
    assert again.review_digest == review_digest(again.review)
    assert again.review.groups != request.review.groups


def test_the_moment_of_an_edit_changes_nothing_that_its_reviewer_names() -> None:
    request, steps = asked(step("s1", "pay", to="ann")), (step("s1", "pay", to="bob"),)
    seen = review_digest(review_of_edit(request, steps, CATALOGUE))
    later = edit(request, *steps, at=NOW + timedelta(hours=7), review_digest=seen)
    assert retier(request, later, CATALOGUE) == AsEdited(CATALOGUE.digest)


def test_findings_that_were_seen_are_asked_about_once() -> None:
    request = asked(step("s1", "pay", to="a"), step("s2", "unheard_of"))
    assert request.review.findings
    assert became(request, step("s1", "pay", to="b"), step("s2", "unheard_of")) == AsEdited(CATALOGUE.digest)


def test_a_listed_reviewer_edits_under_any_spelling() -> None:
    request = asked(step("s1", "pay", to="a"))
    listed = msgspec.structs.replace(request.review.terms, reviewers=("Ada",))
    request = msgspec.structs.replace(request, review=msgspec.structs.replace(request.review, terms=listed))
    assert became(request, step("s1", "pay", to="b"), by="ada ") == AsEdited(CATALOGUE.digest)
