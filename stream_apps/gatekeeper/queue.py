"""Asks about plans that waited until their agent had fewer open gates: the next ones, or what is decided."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DecisionKind
from gate_policy.catalogue import Catalogue
from gate_policy.limits import Limits
from gate_store.dialects import lock_names
from gate_store.dispositions import Fate
from gate_store.docket import Docket, recorded
from gate_store.judging import Judge
from gate_store.own_words import speaks_as_ours
from gate_store.queued_plans import askers_in_queue, queued_at, whose_turn
from gate_store.rulings import GateView
from gate_store.said import Said
from stream_apps.gatekeeper.ceiling import Room
from stream_apps.gatekeeper.edits import retier
from stream_apps.gatekeeper.take_claims import Taken, take_queued
from stream_apps.gatekeeper.undo import undo_plan

_END_UNRUN = (DecisionKind.REJECT, DecisionKind.RESPOND, DecisionKind.WITHDRAW)


def next_in_queue(conn: Connection, limits: Limits, limit: int, failed: Collection[UUID] = ()) -> list[UUID]:
    """The gates as which the next plans are asked, as far as there is room. The `failed` are left out."""
    askers = askers_in_queue(conn)
    room = Room.known(conn, askers, limits) if limits.are_set else None
    turns: list[UUID] = []
    for asker in askers:
        most = limit - len(turns)
        places = most if room is None else min(most, room.left(asker))
        if places > 0:
            found = whose_turn(conn, asker, int(places), failed)
            turns += found
            if room is not None:
                room.take(asker, len(found))
    return turns


def ask_what_is_decided(
    conn: Connection, decisions: Sequence[Said], catalogue: Catalogue, now: datetime
) -> Taken:
    """Ask, whatever is open, about plans that wait and on which one of these decisions would count.

    A plan that was told in two ways is asked about in the first, where what is decided ends it unrun.
    """
    gate_ids = {each.decision.request_id for each in decisions}
    if not catalogue.limits.are_set or not queued_at(conn, gate_ids):
        return Taken()
    lock_names(conn, {each.decision.plan_id for each in decisions}, gate_ids)
    counting = _counting(conn, decisions, catalogue, now)
    decided = {each.request_id for each in counting}
    ended = decided - {each.request_id for each in counting if each.kind not in _END_UNRUN}
    return take_queued(conn, decided, catalogue, now, Limits(), told_once=ended)


def _counting(
    conn: Connection, decisions: Sequence[Said], catalogue: Catalogue, now: datetime
) -> list[DecisionMade]:
    """Those that would count if their plans were asked about now: by the same judge as at an open gate."""
    waits = queued_at(conn, {each.decision.request_id for each in decisions})
    views = {each.request_id: GateView(_asked_now(each, now)) for each in reversed(waits)}  # the first counts
    named = [
        each for each in decisions if each.decision.request_id in views and not speaks_as_ours(each.decision)
    ]
    docket = Docket(views, recorded(conn, [each.decision for each in named]), {})
    judge = Judge(now, partial(retier, catalogue=catalogue), partial(undo_plan, catalogue=catalogue))
    return [
        each.decision
        for each in named
        if judge.judge(docket, each).disposition.fate in (Fate.DECIDED, Fate.COUNTED)
    ]


def _asked_now(question: ApprovalRequested, now: datetime) -> ApprovalRequested:
    """With the time that its reviewers have from now on."""
    review = question.review
    deadline = now + (review.terms.deadline - question.requested_at)
    terms = msgspec.structs.replace(review.terms, deadline=deadline)
    return msgspec.structs.replace(
        question, requested_at=now, review=msgspec.structs.replace(review, terms=terms)
    )
