"""Asks about plans that waited until their agent had fewer open gates: the next ones, or what is decided."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from gate_events.records import ApprovalRequested
from gate_policy.catalogue import Catalogue
from gate_policy.limits import Limits
from gate_store.deciding import rule
from gate_store.dialects import lock_names
from gate_store.dispositions import Fate
from gate_store.own_words import speaks_as_ours
from gate_store.queued_plans import askers_in_queue, queued_at, whose_turn
from gate_store.rulings import GateView
from gate_store.said import Said
from stream_apps.gatekeeper.ceiling import Room
from stream_apps.gatekeeper.take_claims import Taken, take_queued


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
    """Ask, whatever is open, about plans that wait and on which one of these decisions would count."""
    gate_ids = {each.decision.request_id for each in decisions}
    if not catalogue.limits.are_set or not queued_at(conn, gate_ids):
        return Taken()
    lock_names(conn, {each.decision.plan_id for each in decisions}, gate_ids)
    waits = {each.request_id: GateView(_asked_now(each, now)) for each in queued_at(conn, gate_ids)}
    decided = {
        each.decision.request_id
        for each in decisions
        if (view := waits.get(each.decision.request_id)) and _counts(view, each)
    }
    return take_queued(conn, decided, catalogue, now, Limits())


def _counts(view: GateView, said: Said) -> bool:
    if said.misdated or speaks_as_ours(said.decision):
        return False
    return rule(view, said.as_it_counts).fate in (Fate.DECIDED, Fate.COUNTED)


def _asked_now(question: ApprovalRequested, now: datetime) -> ApprovalRequested:
    """With the time that its reviewers have from now on."""
    review = question.review
    deadline = now + (review.terms.deadline - question.requested_at)
    terms = msgspec.structs.replace(review.terms, deadline=deadline)
    return msgspec.structs.replace(
        question, requested_at=now, review=msgspec.structs.replace(review, terms=terms)
    )
