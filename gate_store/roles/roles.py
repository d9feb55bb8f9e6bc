"""What each role needs of the store's tables, and no more.

An operator makes logins members of these roles (docs/store-roles.md). Which rows a role may touch stands in
`rows`; what may never happen to a row, whoever asks, is a law of `tables` and `migrations`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Table

from gate_store import tables

Columns = tuple[str, ...]

ALL: Columns = ("*",)
VERSIONS = ("alembic_version", "checkpoint_migrations")  # what a worker looks at before it starts
CHECKPOINTS = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
# A transition's tables: `outcomes` is written by workers of the version before, `own_words` by nobody.
_OURS = tuple(table for table in tables.metadata.sorted_tables if table.name not in ("outcomes", "own_words"))


class Role(StrEnum):
    """Who works with the store."""

    OWNER = "owner"
    ROUTER = "router"
    GATEKEEPER = "gatekeeper"
    RESUMER = "resumer"
    AGENT = "agent"
    SERVICE = "service"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"


@dataclass(frozen=True)
class Access:
    """What a role does with a table: of what it reads, adds and changes the columns, or ALL."""

    reads: Columns = ()
    adds: Columns = ()
    changes: Columns = ()
    removes: bool = False


Part = Mapping[str, Access]


def _read(*names: str) -> Part:
    return dict.fromkeys(names, Access(reads=ALL))


def _but(table: Table, *names: str) -> Columns:
    return tuple(name for name in (each.name for each in table.columns) if name not in names)


_RUN = _but(tables.runs, "owner", "alone")  # as an agent begins one; whose it is nobody says but the database
_SAID = _but(tables.outbox, "id", "owner")
_CLAIMED = _but(tables.effects, "owner")
_BEATS: Part = {"heartbeats": Access(reads=ALL, adds=ALL, changes=("beat_at", "trouble"), removes=True)}
# Whoever may stop may end it, and changes nothing else of it.
_STOPS: Part = {
    "stops": Access(
        reads=ALL,
        adds=("stop_id", "action_type", "by", "note", "at"),
        changes=("ended_by", "ended_note", "ended_at"),
    )
}
_KEEPS_POLICIES: Part = {"policies": Access(reads=ALL, adds=ALL)}

_GATEKEEPER: Part = {
    **_read(*(table.name for table in _OURS), *VERSIONS),
    **_KEEPS_POLICIES,
    **_BEATS,
    "gates": Access(reads=ALL, adds=ALL, changes=ALL),
    "decisions": Access(reads=ALL, adds=ALL, changes=ALL, removes=True),
    "clearances": Access(reads=ALL, adds=ALL, changes=ALL),
    "cleared_steps": Access(reads=ALL, adds=ALL),
    "cleared_actions": Access(reads=ALL, adds=ALL),
    "effects": Access(reads=ALL, adds=ALL, changes=ALL),
    "runs": Access(
        reads=ALL,
        changes=(
            *("status", "answer", "digest", "use_by", "attempts", "not_before", "error", "updated_at"),
            "traceparent",
        ),
    ),
    "revisions": Access(reads=ALL, adds=ALL),
    "revocations": Access(reads=ALL, adds=ALL),
    "stale_clearances": Access(reads=ALL, adds=ALL, changes=("asked_at",)),
    "planned_effects": Access(reads=ALL, adds=ALL, removes=True),
    "executions": Access(reads=ALL, adds=ALL, changes=ALL),
    "plan_outcomes": Access(reads=ALL, adds=ALL, removes=True),
    "undo_plans": Access(reads=ALL, adds=ALL, changes=("ended_at",)),
    "run_events": Access(reads=ALL, removes=True),
    "uncounted_outcomes": Access(reads=ALL, adds=ALL, changes=ALL, removes=True),
    "own_requests": Access(reads=ALL, removes=True),
    "asked_anew": Access(reads=ALL, adds=ALL),
    **_STOPS,
    "lost_plans": Access(reads=ALL, changes=("redone_as",)),
    "waiting_plans": Access(reads=ALL, adds=ALL, changes=ALL, removes=True),
    "queued_plans": Access(reads=ALL, adds=ALL, changes=("why",), removes=True),
    # It publishes what others left there, too; nobody changes what was said.
    "outbox": Access(reads=ALL, adds=_SAID, removes=True),
}

_RESUMER: Part = {
    **_read("gates", "decisions", "clearances", "cleared_steps", "cleared_actions", "revocations"),
    **_read("undo_plans", "planned_effects", "executions", "plan_outcomes", "restores", "lost_plans"),
    **_read("stops", *VERSIONS),
    **_KEEPS_POLICIES,
    **_BEATS,
    "runs": Access(reads=ALL, adds=_RUN, changes=_but(tables.runs, "thread_id", "owner", "created_at")),
    "effects": Access(
        reads=ALL,
        adds=_CLAIMED,
        # of undo plans as a service
        changes=_but(tables.effects, "effect_id", "plan_id", "step_id", "thread_id"),
    ),
    "stale_clearances": Access(reads=ALL, adds=("digest", "attempt", "at", "why")),
    "workers": Access(reads=ALL, adds=ALL, changes=("ended_at",)),
    "run_events": Access(adds=_but(tables.run_events, "id")),
    # Rows are locked while they are published, for which PostgreSQL asks for the right to change something.
    "outbox": Access(reads=ALL, adds=_SAID, changes=("created_at",), removes=True),
    "checkpoints": Access(reads=ALL, adds=ALL, changes=("checkpoint", "metadata")),
    "checkpoint_blobs": Access(reads=ALL, adds=ALL),
    "checkpoint_writes": Access(reads=ALL, adds=ALL, changes=("channel", "type", "blob")),
}

_AGENT: Part = {
    "runs": Access(
        reads=ALL, adds=_RUN, changes=_but(tables.runs, "thread_id", "owner", "alone", "created_at")
    ),
    "outbox": Access(reads=("event_id",), adds=_SAID),
    # how far its plans have come, and nothing of what was asked
    "gates": Access(reads=("gate_id", "plan_id", "thread_id", "kind", "timing", "attempt", "state")),
    "queued_plans": Access(reads=("gate_id", "plan_id", "thread_id", "queued_at", "why")),
    "checkpoints": Access(reads=ALL, adds=ALL, changes=("checkpoint", "metadata")),
    "checkpoint_blobs": Access(reads=ALL, adds=ALL),
    "checkpoint_writes": Access(reads=ALL, adds=ALL, changes=("channel", "type", "blob")),
    **_read("run_events"),  # of its own runs
    **_read("heartbeats", "stops"),  # whether anybody takes what it asks
}

PARTS: Mapping[Role, Part] = {
    Role.OWNER: {},  # the tables are its own
    Role.ROUTER: {
        **_read("gates", "clearances", "effects", "revisions", "revocations", "planned_effects"),
        **_read("executions", "plan_outcomes", "own_requests", "asked_anew", "told_before", *VERSIONS),
        **_read("lost_plans", "stops", "queued_plans"),
        **_KEEPS_POLICIES,
        **_BEATS,
        "runs": Access(reads=ALL, changes=("error",)),  # why it refused the plan of one
        "outbox": Access(reads=("event_id",), adds=_SAID),
    },
    Role.GATEKEEPER: _GATEKEEPER,
    Role.RESUMER: _RESUMER,
    Role.AGENT: _AGENT,
    Role.SERVICE: {
        **_read("gates", "clearances", "cleared_steps", "revisions", "revocations", "planned_effects"),
        **_read("executions", "plan_outcomes", "stops"),
        "effects": Access(
            reads=ALL,
            adds=_CLAIMED,
            changes=_but(tables.effects, "effect_id", "plan_id", "step_id", "thread_id"),
        ),
        "stale_clearances": Access(reads=ALL, adds=("digest", "attempt", "at", "why")),
    },
    Role.REVIEWER: {
        **_read("gates", "decisions", "clearances", "revocations", "stale_clearances", "plan_outcomes"),
        **_read("heartbeats", "undo_plans", "queued_plans"),
        "views": Access(reads=ALL, adds=ALL),  # that they looked
        **_STOPS,
        "policies": Access(reads=("digest", "first_seen", "by")),
        "effects": Access(
            reads=(
                *("plan_id", "step_id", "action_type", "state", "attempts", "executor", "detail"),
                *("claimed_at", "finished_at"),
            )
        ),
        "runs": Access(
            reads=(
                *("thread_id", "graph", "status", "plan_id", "worker", "token", "attempts", "error"),
                "updated_at",
            )
        ),
    },
    Role.AUDITOR: _read(*(table.name for table in _OURS), *VERSIONS),
}

ALL_TABLES = (*(table.name for table in tables.metadata.sorted_tables), *VERSIONS, *CHECKPOINTS)


def sequences_of(part: Part) -> Iterable[str]:
    """The sequences that number the rows which a role adds."""
    numbered = {
        "outbox": "outbox_id_seq",
        "decisions": "decisions_arrival_seq",
        "run_events": "run_events_id_seq",
        "queued_plans": "queued_plans_arrival_seq",
    }
    return [name for table, name in numbered.items() if table in part and part[table].adds]
