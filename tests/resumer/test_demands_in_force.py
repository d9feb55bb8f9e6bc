"""Before a plan begins the catalogue in force is held against what its gate gave; what lacks is asked."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gate_events.digest import review_digest, step_digest
from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.values import Step
from gate_events.words import DecisionKind, Tier
from gate_policy.catalogue import Catalogue, load_catalogue
from gate_policy.edited import review_of_edit
from gate_policy.route import route
from gate_store.bulk import insert_new
from gate_store.database import utc_now
from gate_store.tables import effects
from stream_apps.asking_again import ASKED_AGAIN
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.prior_effects import look_up_effects
from stream_apps.resumer.dispatch import Dispatch
from tests.resumer.stage import Stage
from tests.store.acting import clear
from tests.store.examples import cleared, decided, plan_id

Happened = Callable[[], list[str]]


def catalogue(tier: str = "IRREVERSIBLE", **more: str) -> Catalogue:
    fields = {"tier": tier, "says": '"Mail {{ to }}"', "arguments": "[to]", **more}
    action = ", ".join(f"{name}: {value}" for name, value in fields.items())
    return load_catalogue(f"""
version: 1
mode: tiered
defaults: {{deadline: 8h, use_by: 1h}}
actions:
  email.send: {{{action}}}
""")


UNASKED = catalogue("REVERSIBLE")
ONE = catalogue()
ANOTHER_WORDING = catalogue(says='"Send a mail to {{ to }}"')
TWO = catalogue(reviewers="[ada, bob]", quorum="2")
BOB = catalogue(reviewers="[bob]")
ADA = catalogue(reviewers="[ada, bob]")
SHORT = catalogue(use_by="1s")
REMEMBERED = catalogue(effect='{key: "mail:{{ to }}", window: 24h}')
REMEMBERED_UNASKED = catalogue("REVERSIBLE", effect='{key: "mail:{{ to }}", window: 24h}')


class Acts:
    """A store with its gatekeeper, and resumers with catalogues of their own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def commit(self, *records: Any, by: Catalogue = ONE) -> None:
        with self.stage.engine.begin() as conn:
            assert not commit_batch(conn, records, by, utc_now()).refused

    async def let_run(
        self, by: Catalogue, *people: str, thread: str = "t1"
    ) -> ApprovalRequested | PlanCleared:
        """The run's plan, cleared or approved by these people."""
        plan: PlanProposed = await self.stage.submit(thread=thread)
        record = route(plan, by, now=utc_now())
        self.commit(record, by=by)
        for person in people:
            assert isinstance(record, ApprovalRequested)
            self.approve(record, person)
        return record

    def approve(self, request: ApprovalRequested, *people: str) -> None:
        for person in people:
            self.commit(decided(request, by=person, at=utc_now()))

    async def dispatch(self, by: Catalogue, until: str | Callable[[], bool] = "DONE") -> None:
        await self.stage.resume(until, unmet=Dispatch(self.stage.engine, by).unmet)

    def asked(self) -> Sequence[ApprovalRequested]:
        return self.stage.said(ApprovalRequested)

    async def is_asked_again(self, by: Catalogue) -> ApprovalRequested:
        """The only new question; it has become a gate."""
        await self.dispatch(by, "PAUSED")
        (request,) = self.asked()
        self.commit(request, by=by)
        assert isinstance(request, ApprovalRequested)
        return request

    def do_elsewhere(self, to: str = "ann") -> None:
        """Another plan sends the same mail now."""
        step = Step(step_id="x1", action_type="email.send", arguments={"to": to})
        now, other = utc_now(), cleared(plan_id("other"), steps=(step,))
        row = {
            "effect_id": effect_key(other.plan_id, "x1"),
            "plan_id": other.plan_id,
            "digest": other.digest,
            "step_id": "x1",
            "step_digest": step_digest(other.plan_id, step),
            "action_type": "email.send",
            "thread_id": None,
            "token": 1,
            "executor": "other",
            "state": "SUCCEEDED",
            "window_key": f"mail:{to}",
            "attempts": 1,
            "detail": "",
            "result": None,
            "claimed_at": now,
            "finished_at": now,
        }
        with self.stage.engine.begin() as conn:
            clear(conn, other)
            insert_new(conn, effects, [row], "effect_id")


@pytest.fixture
def acts(stage: Stage) -> Acts:
    return Acts(stage)


def reasons(request: ApprovalRequested) -> str:
    return next(finding.text for finding in request.review.findings if finding.check == ASKED_AGAIN)


async def test_a_plan_cleared_without_a_gate_is_asked_about_where_the_catalogue_in_force_wants_one(
    acts: Acts, happened: Happened
) -> None:
    await acts.let_run(UNASKED)
    request = await acts.is_asked_again(ONE)
    assert (request.attempt, request.tier, request.policy) == (2, Tier.IRREVERSIBLE, ONE.digest)
    assert reasons(request) == "a human must decide before it runs"
    assert happened() == []
    acts.approve(request, "ada")
    await acts.dispatch(ONE)
    assert happened() == ["ann", "bob"]
    assert len(acts.asked()) == 1


@pytest.mark.parametrize(
    "in_force", [ONE, ANOTHER_WORDING, UNASKED, ADA], ids=["same", "words", "less", "met"]
)
async def test_another_catalogue_that_demands_no_more_asks_nothing(
    acts: Acts, happened: Happened, in_force: Catalogue
) -> None:
    await acts.let_run(ONE, "ada")
    await acts.dispatch(in_force)
    assert (happened(), acts.asked()) == (["ann", "bob"], [])


@pytest.mark.parametrize(
    ("in_force", "people"), [(TWO, ["ada", "bob"]), (BOB, ["bob"])], ids=["quorum", "reviewers"]
)
async def test_a_plan_is_asked_about_once_where_others_or_more_must_agree(
    acts: Acts, happened: Happened, in_force: Catalogue, people: list[str]
) -> None:
    await acts.let_run(ONE, "ada")
    request = await acts.is_asked_again(in_force)
    assert reasons(request) == "others or more must agree than those who did"
    assert happened() == []
    acts.approve(request, *people)
    await acts.dispatch(in_force)
    assert (happened(), len(acts.asked())) == (["ann", "bob"], 1)


async def test_what_was_asked_about_at_a_lower_tier_is_asked_again(acts: Acts, happened: Happened) -> None:
    lower = catalogue("PARTIALLY_REVERSIBLE", high_stakes="true")
    await acts.let_run(lower, "ada")
    request = await acts.is_asked_again(ONE)
    assert "IRREVERSIBLE" in reasons(request)
    assert happened() == []


async def test_the_new_question_wants_what_the_old_gate_wanted_too(acts: Acts) -> None:
    await acts.let_run(TWO, "ada", "bob")
    request = await acts.is_asked_again(catalogue(reviewers="[eve, ada, bob, joe]", quorum="3"))
    terms = request.review.terms
    assert (set(terms.reviewers), terms.quorum) == ({"ada", "bob", "eve", "joe"}, 4)


async def test_an_approval_older_than_the_use_by_in_force_is_asked_again(
    acts: Acts, happened: Happened
) -> None:
    request = await acts.let_run(ONE)
    assert isinstance(request, ApprovalRequested)
    acts.commit(decided(request, at=utc_now() - timedelta(seconds=5)))
    again = await acts.is_asked_again(SHORT)
    assert "hold" in reasons(again)
    assert happened() == []


@pytest.mark.parametrize("asked_by", [REMEMBERED_UNASKED, REMEMBERED], ids=["cleared", "approved"])
async def test_what_another_plan_did_since_is_seen_before_it_is_done_again(
    acts: Acts, happened: Happened, asked_by: Catalogue
) -> None:
    await acts.let_run(asked_by, *(["ada"] if asked_by is REMEMBERED else []))
    acts.do_elsewhere()
    request = await acts.is_asked_again(asked_by)
    assert {finding.check for finding in request.review.findings} >= {"already done", ASKED_AGAIN}
    assert happened() == []
    acts.approve(request, "ada")
    await acts.dispatch(asked_by)
    assert (happened(), len(acts.asked())) == (["ann", "bob"], 1)


async def test_what_its_reviewers_saw_as_done_is_not_asked_again(acts: Acts, happened: Happened) -> None:
    acts.do_elsewhere()
    plan = await acts.stage.submit()
    with acts.stage.engine.begin() as conn:
        prior = look_up_effects(conn, {("mail:ann", 86400)}, utc_now())
    request = route(plan, REMEMBERED, now=utc_now(), prior=prior)
    assert isinstance(request, ApprovalRequested)
    acts.commit(request, by=REMEMBERED)
    acts.approve(request, "ada")
    await acts.dispatch(REMEMBERED)
    assert (happened(), acts.asked()) == (["ann", "bob"], [])


async def test_an_edit_to_what_was_done_already_is_asked_again_as_edited(
    acts: Acts, happened: Happened
) -> None:
    acts.do_elsewhere("eve")
    request = await acts.let_run(REMEMBERED)
    assert isinstance(request, ApprovalRequested)
    steps = (msgspec.structs.replace(request.steps[0], arguments={"to": "eve"}), *request.steps[1:])
    seen = review_digest(review_of_edit(request, steps, REMEMBERED))
    edited = decided(request, DecisionKind.EDIT, steps=steps, at=utc_now(), review_digest=seen)
    acts.commit(edited, by=REMEMBERED)
    again = await acts.is_asked_again(REMEMBERED)
    assert (again.revision, again.steps) == (2, steps)
    assert happened() == []
    acts.approve(again, "ada")
    await acts.dispatch(REMEMBERED)
    assert happened() == ["eve", "bob"]


async def test_a_plan_whose_question_came_back_is_rejected_like_any(acts: Acts, happened: Happened) -> None:
    await acts.let_run(UNASKED)
    request = await acts.is_asked_again(ONE)
    acts.commit(decided(request, DecisionKind.REJECT, at=utc_now()))
    await acts.dispatch(ONE)
    assert happened() == []


async def test_runs_that_begin_together_are_each_looked_at(acts: Acts, happened: Happened) -> None:
    for thread in ("t1", "t2", "t3"):
        await acts.let_run(UNASKED, thread=thread)

    def all_paused() -> bool:
        return all(acts.stage.run(thread).status == "PAUSED" for thread in ("t1", "t2", "t3"))

    await acts.stage.resume(all_paused, unmet=Dispatch(acts.stage.engine, ONE).unmet)
    assert len({request.plan_id for request in acts.asked()}) == 3
    assert happened() == []
