"""Which rows a role may touch: the row-level security of the store.

The outbox lends the relays' Kafka logins to whoever may insert there, so that each role inserts only what it
may say, and a relay takes only what its role may write. Agents see their own runs and the gates of these,
services end only what they claimed themselves. Each part says of itself alone that it lives. A stop is ended
once. Nobody but the gatekeeper leaves a moment that no client can read, or a number that no statement can
count on from: one such row would stop whoever reads it beside others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import LiteralString

from psycopg import sql
from sqlalchemy import BigInteger, Integer

from gate_events.records import PlanProposed, PolicyKept
from gate_store.outbox import BY_RESUMERS
from gate_store.roles.roles import ALL, CHECKPOINTS, PARTS, Access, Role
from gate_store.tables import UtcMoment, metadata

GUARDED = (
    *("outbox", "runs", "effects", "gates", "heartbeats", "run_events", "stops", "queued_plans"),
    *("views", "policies", "workers", "stale_clearances"),  # of these all rows, within bounds
    *CHECKPOINTS,
)

_EVERY = sql.SQL("true")
_OWN = sql.SQL("owner = current_user")
_OF_SERVICES, _OF_RUNS = sql.SQL("thread_id IS NULL"), sql.SQL("thread_id IS NOT NULL")
# What lets a run go on, no agent writes; what it may leave, it may take up again.
_MAY_DO_NOTHING = sql.SQL("answer IS NULL AND digest IS NULL AND use_by IS NULL")
_PAUSED = sql.SQL("status = 'PAUSED'")
_PLANS = sql.SQL("status = 'RUNNING' AND answer IS NULL")
# What no broker of ours takes; a row beyond half a gigabyte PostgreSQL itself hands out to nobody.
_MAY_BE_SENT = sql.SQL("octet_length(body) <= 33554432 AND octet_length(key) <= 65536")
# An effect is another's until it ended, was lost, or a human lets it be tried again.
_FREE = sql.SQL("state IN ('FAILED', 'RETRY') OR state = 'CLAIMED' AND lease_until < now()")
# A stop is ended once, and does not begin again.
# What the contract of `stops` does not hold, services without a store would not hear of.
_A_NAME = "char_length({0}) BETWEEN 1 AND 256 AND {0} !~ '[[:cntrl:]]'"
_SAYABLE = sql.SQL(
    f"{_A_NAME.format('by')} AND (action_type IS NULL OR {_A_NAME.format('action_type')})"
    " AND char_length(note) <= 100000"
)
_SAYABLE_END = sql.SQL(f"{_A_NAME.format('ended_by')} AND char_length(ended_note) <= 100000")
_IN_FORCE, _ENDED = sql.SQL("ended_at IS NULL"), sql.SQL("ended_at IS NOT NULL")
# What a service begins, what it finds to change, and what it leaves.
_AS_A_SERVICE = (
    sql.SQL("owner = current_user AND state = 'CLAIMED'"),
    sql.SQL("({}) OR ({})").format(_OWN, _FREE),
    _OWN,
)


@dataclass(frozen=True)
class Rows:
    """A policy: of `table`, `role` may do `may` with the rows that are `found`, and leave those `left`."""

    role: Role
    table: str
    may: LiteralString  # SELECT, INSERT, UPDATE, DELETE or ALL
    found: sql.Composable | None = None
    left: sql.Composable | None = None


def rows_of(schema: str) -> Iterator[Rows]:
    """All policies. Whoever may do something with a guarded table and is named in none sees nothing there."""
    for role, part in PARTS.items():
        for table in GUARDED:
            if access := part.get(table):
                for rows in _rows(role, table, access, schema):
                    yield rows if role is Role.GATEKEEPER else _within_bounds(rows, access)


def _rows(role: Role, table: str, access: Access, schema: str) -> Iterator[Rows]:
    match role, table:
        case Role.AGENT, _:
            yield from _agents(role, table, access, schema)
        case ((Role.ROUTER | Role.GATEKEEPER | Role.RESUMER), "heartbeats"):
            own = sql.SQL("part = {}").format(sql.Literal(str(role)))
            yield Rows(role, table, "SELECT", _EVERY)
            yield Rows(role, table, "INSERT", left=own)
            yield Rows(role, table, "UPDATE", own, own)
            yield Rows(role, table, "DELETE", own)
        case ((Role.GATEKEEPER | Role.REVIEWER), "stops"):
            yield Rows(role, table, "SELECT", _EVERY)
            yield Rows(role, table, "INSERT", left=_and(_IN_FORCE, _SAYABLE))
            yield Rows(role, table, "UPDATE", _IN_FORCE, _and(_ENDED, _SAYABLE_END))
        case Role.ROUTER, "runs":
            yield Rows(role, table, "SELECT", _EVERY)
            yield Rows(role, table, "UPDATE", _PAUSED, _PAUSED)
        case Role.ROUTER, "outbox":
            yield from _says(role, [PolicyKept.__name__])
        case Role.RESUMER, "outbox":
            relayed = [record.__name__ for record in BY_RESUMERS]
            yield from _says(role, [*relayed, PolicyKept.__name__])
            yield Rows(role, table, "UPDATE", _is_one_of(relayed), _is_one_of(relayed))
            yield Rows(role, table, "DELETE", _is_one_of(relayed))
        case Role.RESUMER, "effects":
            of_undo = _and(_OF_SERVICES, _of_undo_plan(schema))
            yield from _claims(role, *(_or(_OF_RUNS, _and(of_undo, each)) for each in _AS_A_SERVICE))
        case Role.SERVICE, "effects":
            of_services = _and(_OF_SERVICES, _of_no_run(schema))
            yield from _claims(role, *(_and(of_services, each) for each in _AS_A_SERVICE))
        case _ if access == Access(reads=access.reads):
            yield Rows(role, table, "SELECT", _EVERY)
        case _:
            yield Rows(role, table, "ALL", _EVERY, _EVERY)


def _within_bounds(rows: Rows, access: Access) -> Rows:
    """The same, and of the columns that the role writes those bounds."""
    table = metadata.tables.get(rows.table)
    if rows.left is None or table is None:
        return rows
    written = {*access.adds, *access.changes}
    bounds = [
        sql.SQL("({0} IS NULL OR {0} {1})").format(sql.Identifier(column.name), bound)
        for column in table.columns
        if (written.intersection(ALL) or column.name in written) and (bound := _bound(column.type))
    ]
    return replace(rows, left=_and(rows.left, *bounds))


def _bound(kind: object) -> sql.Composable | None:
    if isinstance(kind, UtcMoment):
        return sql.SQL("BETWEEN '2000-01-01Z' AND '9000-01-01Z'")
    if isinstance(kind, BigInteger):
        return sql.SQL("< 4611686018427387904")
    return sql.SQL("< 1073741824") if isinstance(kind, Integer) else None


def _agents(role: Role, table: str, access: Access, schema: str) -> Iterator[Rows]:
    match table:
        case "outbox":
            yield from _says(role, [PlanProposed.__name__], _and(_OWN), _MAY_BE_SENT)
        case "runs":
            yield from _agents_runs(role)
        case "heartbeats" | "stops":
            yield Rows(role, table, "SELECT", _EVERY)
        case "gates" | "run_events" | "queued_plans":
            yield Rows(role, table, "SELECT", _of_own_run(table, schema))
        case _:
            yield from _agents_checkpoints(role, table, access, schema)


def _of_undo_plan(schema: str) -> sql.Composable:
    """Of services' plans a resumer executes the undo plans of runs, and no others."""
    noted = "EXISTS (SELECT FROM {} AS u WHERE u.digest = effects.digest AND u.graph IS NOT NULL)"
    return sql.SQL(noted).format(sql.Identifier(schema, "undo_plans"))


def _of_no_run(schema: str) -> sql.Composable:
    """What a run asked it does itself; who claimed a step of it first would have it for done."""
    asked = "NOT EXISTS (SELECT FROM {} AS v WHERE v.plan_id = effects.plan_id AND v.thread_id IS NOT NULL)"
    return sql.SQL(asked).format(sql.Identifier(schema, "revisions"))


def _says(role: Role, records: Sequence[str], *more: sql.Composable) -> Iterator[Rows]:
    """What a role may say; it must find it too, since what is there already is not said again."""
    may = _and(_is_one_of(records), *more)
    yield Rows(role, "outbox", "SELECT", may)
    yield Rows(role, "outbox", "INSERT", left=may)


def _agents_runs(role: Role) -> Iterator[Rows]:
    at_rest = sql.SQL("status IN ('DONE', 'FAILED', 'STALE')")
    ends = sql.SQL("status IN ('RUNNING', 'PAUSED', 'DONE', 'FAILED')")
    yield Rows(role, "runs", "SELECT", _OWN)
    yield Rows(role, "runs", "INSERT", left=_and(_OWN, _PLANS, _MAY_DO_NOTHING))
    yield Rows(role, "runs", "UPDATE", _and(_OWN, _or(at_rest, _PLANS)), _and(_OWN, ends, _MAY_DO_NOTHING))


def _agents_checkpoints(role: Role, table: str, access: Access, schema: str) -> Iterator[Rows]:
    """Those of its own runs; it writes them while it plans."""
    planning = _of_own_run(table, schema, " AND r.status = 'RUNNING' AND r.answer IS NULL")
    yield Rows(role, table, "SELECT", _of_own_run(table, schema))
    yield Rows(role, table, "INSERT", left=planning)
    if access.changes:
        yield Rows(role, table, "UPDATE", planning, planning)


def _of_own_run(table: str, schema: str, more: LiteralString = "") -> sql.Composable:
    own = sql.SQL(
        "EXISTS (SELECT FROM {} AS r WHERE r.thread_id = {}.thread_id AND r.owner = current_user" + more + ")"
    )
    return own.format(sql.Identifier(schema, "runs"), sql.Identifier(table))


def _claims(role: Role, begun: sql.Composable, found: sql.Composable, left: sql.Composable) -> Iterator[Rows]:
    yield Rows(role, "effects", "SELECT", _EVERY)
    yield Rows(role, "effects", "INSERT", left=begun)
    yield Rows(role, "effects", "UPDATE", found, left)


def _is_one_of(records: Sequence[str]) -> sql.Composable:
    return sql.SQL("record IN ({})").format(sql.SQL(", ").join(map(sql.Literal, records)))


def _and(*conditions: sql.Composable) -> sql.Composable:
    return sql.SQL(" AND ").join(sql.SQL("({})").format(each) for each in conditions)


def _or(*conditions: sql.Composable) -> sql.Composable:
    return sql.SQL(" OR ").join(sql.SQL("({})").format(each) for each in conditions)
