"""What became of the plans that a human decided on, by the store and by the mails that arrived."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, PlanDecided
from gate_events.values import Step
from gate_events.words import RequestKind, Timing
from gate_store.dialects import among
from gate_store.tables import gates
from plangate.demo.mail import KEY, Mailbox


@dataclass(frozen=True)
class Held:
    """A plan that waited for a human: what was asked and decided, and which of its mails arrived."""

    request: ApprovalRequested
    verdict: PlanDecided
    sent: tuple[Step, ...]
    not_sent: tuple[Step, ...]
    told_before: frozenset[str]  # the receivers of the mails of earlier plans

    @property
    def kept_from_paid(self) -> int:
        """Mails that did not reach a customer who had paid."""
        return sum(map(_has_paid, self.not_sent))

    @property
    def kept_from_told(self) -> int:
        """Mails that did not reach a customer who had the same mail already, and had not paid."""
        return sum(not _has_paid(step) and step.arguments["to"] in self.told_before for step in self.not_sent)

    @property
    def sent_to_paid(self) -> int:
        """Mails that reached a customer who had paid."""
        return sum(map(_has_paid, self.sent))

    @property
    def sent_again(self) -> int:
        """Mails that reached a customer who had the same mail already."""
        return sum(step.arguments["to"] in self.told_before for step in self.sent)


@dataclass(frozen=True)
class Confirmed:
    """What a human said about plans that had run."""

    by: str
    note: str
    plans: int


def held_plans(conn: Connection, plans: Sequence[UUID], mailbox: Mailbox) -> list[Held]:
    """Those of `plans` that were decided on before they ran, in the order in which they were asked."""
    arrived = {message[KEY] for message in mailbox.messages}
    told: set[str] = set()
    found = []
    for request, verdict in _decided(conn, plans, gates.c.timing == Timing.BEFORE.value):
        sent = [step for step in request.steps if str(effect_key(request.plan_id, step.step_id)) in arrived]
        not_sent = [step for step in request.steps if step not in sent]
        found.append(Held(request, verdict, tuple(sent), tuple(not_sent), frozenset(told)))
        told |= {step.arguments["to"] for step in sent}
    return found


def confirmed_plans(conn: Connection, plans: Sequence[UUID]) -> list[Confirmed]:
    """What was said about those of `plans` that ran without asking, by whom and in which words."""
    counts: dict[tuple[str, str], int] = {}
    for _, verdict in _decided(conn, plans, gates.c.timing == Timing.AFTER.value):
        said = (verdict.decided_by, verdict.note)
        counts[said] = counts.get(said, 0) + 1
    return [Confirmed(by, note, count) for (by, note), count in counts.items()]


def _decided(
    conn: Connection, plans: Sequence[UUID], which: ColumnElement[bool]
) -> list[tuple[ApprovalRequested, PlanDecided]]:
    query = (
        select(gates.c.request, gates.c.verdict)
        .where(
            among(conn, gates.c.plan_id, plans),
            gates.c.kind == RequestKind.PLAN.value,
            gates.c.verdict.is_not(None),
            which,
        )
        .order_by(gates.c.requested_at)
    )
    rows: Sequence[Any] = conn.execute(query).all()
    return [
        (msgspec.convert(request, ApprovalRequested), msgspec.convert(verdict, PlanDecided))
        for request, verdict in rows
    ]


def _has_paid(step: Step) -> bool:
    return bool(step.arguments["invoice_status"] == "paid")
