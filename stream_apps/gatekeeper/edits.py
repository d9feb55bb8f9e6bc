"""Judges what a reviewer made of a plan, before it may count as approved."""

import logging
import math
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from gate_events.names import name_key
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.values import Terms
from gate_policy.catalogue import Catalogue
from gate_policy.edited import edited_plan, judge_edited, shown_digest
from gate_policy.errors import UnjudgeablePlanError
from gate_policy.judge import Judgement
from gate_policy.route import asked
from gate_store.verdicts import AsEdited
from stream_apps.asking_again import LATE, AskingAgain, let_run

_log = logging.getLogger("plangate.gatekeeper")


def retier(
    request: ApprovalRequested, edit: DecisionMade, catalogue: Catalogue
) -> ApprovalRequested | AsEdited | str:
    """Whether the plan may run as edited, needs another gate, or (a text) the edit is refused.

    It may run only where the edit names what it became as we render it: all of that was seen then. Time is
    the edit's own, so that a replay of the topics asks the same.
    """
    plan = edited_plan(request, edit.steps or (), edit.decided_at)
    try:
        judgement = judge_edited(request, plan, catalogue)
    except UnjudgeablePlanError as error:
        return str(error)
    if judgement.review is None:
        return f"a review {request.timing.value} execution takes no edit"
    if edit.review_digest != shown_digest(request, judgement) or _stricter(
        judgement, judgement.review.terms, request, edit
    ):
        return asked(plan, judgement, judgement.review, edit.decided_at)
    return AsEdited(judgement.policy)


def edited_again(
    conn: Connection, digests: Sequence[str], now: datetime, *, catalogue: Catalogue
) -> list[ApprovalRequested]:
    """The questions about what edits made of plans, once more: those that were not carried out in time."""
    plans = let_run(conn, digests)
    again, questions = AskingAgain(conn, plans, catalogue, now), []
    for plan in plans:
        try:
            questions.append(again.question(plan, [LATE]))
        except UnjudgeablePlanError as error:
            _log.error(
                "plan %s was not carried out in time and cannot be asked again: %s",
                plan.plan_id,
                error,
                extra={"plan_id": plan.plan_id},
            )
    return questions


def _stricter(now: Judgement, terms: Terms, request: ApprovalRequested, edit: DecisionMade) -> bool:
    """Whether the gate that was asked is not enough for the edited plan. Any doubt: it is not."""
    before = request.review.terms
    named = _names(terms)
    return (
        request.tier < now.tier
        or terms.quorum > before.quorum
        or named != _names(before)
        or (bool(named) and name_key(edit.decided_by) not in named)
        or _ends_sooner(terms, request, edit)
    )


def _names(terms: Terms) -> set[str]:
    return {name_key(each) for each in terms.reviewers}


def _ends_sooner(terms: Terms, request: ApprovalRequested, edit: DecisionMade) -> bool:
    """Whether what it became goes stale sooner, or would have been over by now; 0 is never."""
    before = request.review.terms
    use_by_s = terms.use_by_s or math.inf
    had = terms.deadline - edit.decided_at
    return use_by_s < (before.use_by_s or math.inf) or edit.decided_at - request.requested_at > had
