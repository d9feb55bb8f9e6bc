"""Stops: while one is in force nothing is begun, or nothing of one action type. Pure."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from gate_events.ids import derived
from gate_events.records import StopChanged
from gate_events.shown import shown


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who stopped what, when and why. `action_type` None: everything."""

    stop_id: UUID
    action_type: str | None = None
    by: str
    note: str
    at: datetime

    def __str__(self) -> str:
        """`stopped since 2026-11-30T14:03:00+00:00 by ana: 'wrong mails'`, with the action type, if any."""
        return self.since(self.at.isoformat(timespec="seconds"))

    def since(self, at: str) -> str:
        """The same, with its moment as `at` says it."""
        what = "" if self.action_type is None else f"{shown(self.action_type)} is "
        return f"{what}stopped since {at} by {shown(self.by)}: '{shown(self.note)}'"


def holding(stops: Iterable[Stop], action_type: str) -> Stop | None:
    """The stop that lets nothing of this action type begin, one of everything first; None: it may begin."""
    held = [stop for stop in stops if stop.action_type in (None, action_type)]
    return min(held, key=lambda stop: (stop.action_type is not None, stop.at), default=None)


def began(stop: Stop) -> StopChanged:
    """What `stops` says of a stop; said again it is the same."""
    return StopChanged(
        event_id=derived("stop", stop.stop_id),
        stop_id=stop.stop_id,
        action_type=stop.action_type,
        by=stop.by,
        note=stop.note,
        at=stop.at,
    )


def ended(stop: Stop, by: str, note: str, at: datetime) -> StopChanged:
    """What `stops` says of its end, with all that was said before: the topic keeps the newest alone."""
    return msgspec.structs.replace(
        began(stop),
        event_id=derived("end of stop", stop.stop_id),
        ended_by=by,
        ended_note=note,
        ended_at=at,
    )


def stop_of(changed: StopChanged) -> Stop:
    """The stop that a record is about."""
    return Stop(
        stop_id=changed.stop_id,
        action_type=changed.action_type,
        by=changed.by,
        note=changed.note,
        at=changed.at,
    )


def newer(known: StopChanged | None, heard: StopChanged) -> StopChanged:
    """What counts of two records of one stop: what it stops was said first, and one that ended stays so.

    So nobody makes another stop of it, and an end of another action type ends nothing.
    """
    if known is None:
        return heard
    ends_it = heard.ended_at is not None and heard.action_type == known.action_type
    return heard if ends_it and known.ended_at is None else known
