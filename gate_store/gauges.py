"""How the store stands, in numbers for a monitoring system: each question has an index, and a limit."""

import re
from collections import Counter
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, literal, select

from gate_events.words import Tier
from gate_store.backlog import MANY, Waiting, unpublished
from gate_store.decided import may_read
from gate_store.dialects import among, on_postgres, whole, word
from gate_store.heartbeats import Heard, heard
from gate_store.queued_plans import count_queued
from gate_store.tables import effects, gates, outbox, queued_plans, runs

OPEN_RUNS = ("RUNNING", "PAUSED", "READY", "IN_DOUBT")
"""The states of runs that go on; of the others there may be any number."""

_TIERS_AT_ONCE = 500  # of gates that are new here; of the others the next time
_LIMIT = "3s"  # for each question
_HEAD = 600  # characters of a question: behind its tier, and before the first word of its proposer
_TIER = re.compile('"tier":"([A-Z_]+)"')
UNKNOWN_TIER = Tier.UNKNOWN.value

_CLAIMED = effects.c.state == word("CLAIMED")
_BY_RUNS = and_(_CLAIMED, effects.c.thread_id.is_not(None))
_BY_SERVICES = and_(_CLAIMED, effects.c.lease_until.is_not(None))


@dataclass(frozen=True, slots=True)
class OpenGate:
    """A gate that waits for a human. `tier` is UNKNOWN_TIER until it was asked for."""

    tier: str
    kind: str
    age: timedelta
    left: timedelta  # until its deadline; negative where that is past

    @property
    def is_half_over(self) -> bool:
        """Whether it has waited for more than half the time that it has."""
        return self.age > self.left


@dataclass(frozen=True)
class Gauges:
    """Counts end at `MANY`, of gates with the nearest deadlines."""

    gates: list[OpenGate]
    runs: Mapping[str, int]  # by state, of OPEN_RUNS
    effects: Mapping[tuple[str, str], int]  # by state and action type, of those that have not ended
    leases: Mapping[str, int]  # that hold: of runs, and of steps of services
    outbox: Waiting | None  # None: not for this login to see
    heard: list[Heard] = field(default_factory=list)
    queued: int | None = None  # plans that wait for a gate; None: not for this login to see


Tiers = MutableMapping[UUID, str]
"""The tier of each open gate, as it was asked: that is frozen with its terms."""


def gauges(conn: Connection, now: datetime, tiers: Tiers) -> Gauges:
    """Ask all of it; `tiers` is what the last call knew, kept up to date. Raises SQLAlchemy's errors."""
    if on_postgres(conn):
        conn.exec_driver_sql(f"SET LOCAL statement_timeout = '{_LIMIT}'")
    return Gauges(
        gates=waiting_gates(conn, now, tiers),
        runs=open_runs(conn),
        effects=open_effects(conn),
        leases=leases_held(conn, now),
        outbox=unpublished(conn) if may_read(conn, outbox.c.created_at) else None,
        heard=heard(conn, now),
        queued=count_queued(conn, MANY) if may_read(conn, queued_plans.c.proposer) else None,
    )


def waiting_gates(conn: Connection, now: datetime, tiers: Tiers) -> list[OpenGate]:
    """The gates that wait for a human, the nearest deadline first."""
    rows = conn.execute(
        select(gates.c.gate_id, gates.c.kind, gates.c.requested_at, gates.c.deadline)
        .where(gates.c.state == word("PENDING"))
        .order_by(gates.c.deadline)
        .limit(MANY)
    ).all()
    _learn_tiers(conn, [row.gate_id for row in rows], tiers)
    return [
        OpenGate(tiers.get(row.gate_id, UNKNOWN_TIER), row.kind, now - row.requested_at, row.deadline - now)
        for row in rows
    ]


def _learn_tiers(conn: Connection, open_now: list[UUID], tiers: Tiers) -> None:
    """From the questions, which may be large: each once."""
    for gone in tiers.keys() - set(open_now):
        del tiers[gone]
    new = [gate_id for gate_id in open_now if gate_id not in tiers][:_TIERS_AT_ONCE]
    if not new:
        return
    head = func.substr(whole(gates.c.request), 1, _HEAD).label("head")
    for row in conn.execute(select(gates.c.gate_id, head).where(among(conn, gates.c.gate_id, new))):
        found = _TIER.search(row.head)
        tiers[row.gate_id] = found[1] if found and found[1] in Tier.__members__ else UNKNOWN_TIER


def open_runs(conn: Connection) -> dict[str, int]:
    """How many runs go on, by state."""
    counts = [_at_most_many(runs.c.status == word(state)).label(state) for state in OPEN_RUNS]
    return dict(conn.execute(select(*counts)).one()._mapping)


def _at_most_many(*which: ColumnElement[bool]) -> ColumnElement[int]:
    some = select(literal(1)).where(*which).limit(MANY).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def open_effects(conn: Connection) -> dict[tuple[str, str], int]:
    """How many steps were begun and have not ended, by state and action type."""
    counts: Counter[tuple[str, str]] = Counter()
    for which in (_BY_RUNS, _BY_SERVICES, effects.c.state == word("IN_DOUBT")):
        some = select(effects.c.state, effects.c.action_type).where(which).limit(MANY).subquery()
        for row in conn.execute(select(*some.c, func.count().label("steps")).group_by(*some.c)):
            counts[row.state, row.action_type] += row.steps
    return dict(counts)


def leases_held(conn: Connection, now: datetime) -> dict[str, int]:
    """How many leases hold, of runs and of steps of services."""
    of_runs = _at_most_many(runs.c.status == word("RUNNING"), runs.c.lease_until > now)
    of_steps = _at_most_many(_BY_SERVICES, effects.c.lease_until > now)
    return dict(conn.execute(select(of_runs.label("run"), of_steps.label("step"))).one()._mapping)
