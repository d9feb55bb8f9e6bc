"""Which gates somebody wants listed: those that wait or that expired, and of them what they name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Select, func, select

from gate_events.names import name_key, same_name
from gate_store.dialects import among, whole, word
from gate_store.reviewers import may_decide
from gate_store.tables import decisions, gates


class Which(StrEnum):
    """PENDING: they wait for a human. EXPIRED: nobody decided in time."""

    PENDING = "PENDING"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Of the gates in one state those that are wanted; None: whatever it is.

    `tier` is a tier's word. `decidable_by`: gates on which a person of this name may decide, and has not yet.
    `before`: asked until then. `since`: with a deadline from then on.
    """

    which: Which = Which.PENDING
    agent: str | None = None
    proposer: str | None = None
    tier: str | None = None
    decidable_by: str | None = None
    before: datetime | None = None
    since: datetime | None = None

    @property
    def looks_inside(self) -> bool:
        """Whether the requests must be read, which no index helps with."""
        return any(each is not None for each in (self.agent, self.proposer, self.tier, self.decidable_by))


class _Agent(msgspec.Struct):
    name: str


class _Terms(msgspec.Struct):
    reviewers: list[str]


class _Review(msgspec.Struct):
    terms: _Terms


class _Request(msgspec.Struct):
    """What of a request tells whether it is wanted."""

    proposer: str
    agent: _Agent
    tier: str
    review: _Review


def gate_ids(conn: Connection, wanted: Wanted, limit: int, skip: int = 0) -> list[UUID]:
    """The gates that are wanted: of those that wait the nearest deadline first, else the latest."""
    if wanted.looks_inside:
        return _inside(conn, wanted)[skip : skip + limit]
    found = conn.execute(_in_order(select(gates.c.gate_id), wanted).limit(limit).offset(skip))
    return list(found.scalars())


def count_gates(conn: Connection, wanted: Wanted) -> int:
    """How many gates are wanted."""
    if wanted.looks_inside:
        return len(_inside(conn, wanted))
    count: int = conn.execute(_of(select(func.count()).select_from(gates), wanted)).scalar_one()
    return count


def _of(query: Select[Any], wanted: Wanted) -> Select[Any]:
    query = query.where(gates.c.state == word(wanted.which))
    if wanted.before is not None:
        query = query.where(gates.c.requested_at <= wanted.before)
    if wanted.since is not None:
        query = query.where(gates.c.deadline >= wanted.since)
    return query


def _in_order(query: Select[Any], wanted: Wanted) -> Select[Any]:
    waits = wanted.which is Which.PENDING
    by = gates.c.deadline if waits else gates.c.deadline.desc()
    return _of(query, wanted).order_by(by, gates.c.gate_id)


def _inside(conn: Connection, wanted: Wanted) -> list[UUID]:
    columns = (gates.c.gate_id, whole(gates.c.request).label("request"))
    rows = conn.execute(_in_order(select(*columns), wanted))
    found = [row.gate_id for row in rows if _is(msgspec.json.decode(row.request, type=_Request), wanted)]
    if wanted.decidable_by is None:
        return found
    spoken = _spoken_at(conn, found, wanted.decidable_by)
    return [gate for gate in found if gate not in spoken]


def _is(request: _Request, wanted: Wanted) -> bool:
    agent, proposer = request.agent.name, request.proposer
    who, reviewers = wanted.decidable_by, request.review.terms.reviewers
    return (
        (wanted.agent is None or same_name(agent, wanted.agent))
        and (wanted.proposer is None or same_name(proposer, wanted.proposer))
        and (wanted.tier is None or request.tier == wanted.tier)
        and (who is None or may_decide(who, proposer=proposer, agent=agent, reviewers=reviewers))
    )


def _spoken_at(conn: Connection, asked: Sequence[UUID], who: str) -> set[UUID]:
    """The gates at which their voice is counted already."""
    if not asked:
        return set()
    counted = (decisions.c.disposition == word("COUNTED"), decisions.c.name == name_key(who))
    found = select(decisions.c.gate_id).where(among(conn, decisions.c.gate_id, asked), *counted)
    return set(conn.execute(found).scalars())
