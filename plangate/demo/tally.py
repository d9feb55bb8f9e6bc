"""The end of the demo, counted from the store and from what arrived in the mailbox."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, func, select

from gate_events.ids import effect_key
from gate_store.dialects import among
from gate_store.tables import clearances, cleared_steps, effects, runs
from plangate.demo.held import Held
from plangate.demo.mail import Mailbox


@dataclass(frozen=True)
class Tally:
    """What the demo did, in the order of its story."""

    inquiries: int
    plans: int
    auto_executed: int
    held: int
    reviews: int
    emails_delivered: int
    emails_not_sent: int
    of_them_paid: int
    of_them_told: int
    duplicate_emails: int
    unapproved_effects: int
    runs_unfinished: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def count(
    store: Engine,
    plans: Sequence[UUID],
    held: Sequence[Held],
    mailbox: Mailbox,
    inquiries: int,
    reviews: int,
    seconds: float,
) -> Tally:
    """Count `plans`, those of this demo; `held` are those that waited for a human."""
    with store.connect() as conn:
        return Tally(
            inquiries=inquiries,
            plans=len(plans),
            auto_executed=_auto_executed(conn, plans),
            held=len(held),
            reviews=reviews,
            emails_delivered=len(mailbox.messages),
            emails_not_sent=sum(len(plan.not_sent) for plan in held),
            of_them_paid=sum(plan.kept_from_paid for plan in held),
            of_them_told=sum(plan.kept_from_told for plan in held),
            duplicate_emails=mailbox.duplicates,
            unapproved_effects=_unapproved(conn, mailbox),
            runs_unfinished=_unfinished(conn),
            seconds=round(seconds, 1),
        )


def _auto_executed(conn: Connection, plans: Sequence[UUID]) -> int:
    done = select(effects.c.plan_id).where(effects.c.state == "SUCCEEDED")
    query = select(func.count()).where(
        among(conn, clearances.c.plan_id, plans),
        clearances.c.gate_id.is_(None),
        clearances.c.plan_id.in_(done),
    )
    return conn.execute(query).scalar_one()


def _unapproved(conn: Connection, mailbox: Mailbox) -> int:
    """Mails whose effect key belongs to no cleared step."""
    query = select(clearances.c.plan_id, cleared_steps.c.step_id).join_from(clearances, cleared_steps)
    approved = {str(effect_key(plan_id, step_id)) for plan_id, step_id in conn.execute(query)}
    return sum(key not in approved for key in mailbox.keys)


def _unfinished(conn: Connection) -> int:
    query = select(func.count()).where(runs.c.thread_id.like("demo-%"), runs.c.status != "DONE")
    return conn.execute(query).scalar_one()
