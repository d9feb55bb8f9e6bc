"""Laws as constraints and triggers, as migrations write them on PostgreSQL and on SQLite."""

from collections.abc import Iterator
from dataclasses import dataclass

LOCK_TIMEOUT = "2s"  # who waits for a table's lock keeps everybody behind it waiting


@dataclass(frozen=True)
class Check:
    """A condition on each row."""

    table: str
    name: str
    holds: str


@dataclass(frozen=True)
class Reference:
    """Columns of a row that another table must have together."""

    table: str
    name: str
    columns: tuple[str, ...]
    target: str


@dataclass(frozen=True)
class Trigger:
    """What may not happen to a row; `unless` is a row somewhere else that allows it after all."""

    table: str
    name: str
    events: tuple[str, ...]
    when: str = "true"
    unless: str = ""


def on_postgres(trigger: Trigger) -> Iterator[str]:
    """The statements that create a trigger on PostgreSQL; repeated they change nothing."""
    refuse = (
        f"RAISE EXCEPTION '{trigger.name}'"
        " USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;"
    )
    if trigger.unless:
        refuse = f"IF NOT EXISTS ({trigger.unless}) THEN {refuse} END IF; RETURN NEW;"
    yield (
        f"CREATE OR REPLACE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql"
        f" AS $$ BEGIN {refuse} END $$"
    )
    yield from kept_to_its_tables(trigger.name)
    # AFTER: a BEFORE trigger makes PostgreSQL lock each row once more before it writes it
    yield (
        f"CREATE OR REPLACE TRIGGER {trigger.name} AFTER {' OR '.join(trigger.events)}"
        f" ON {trigger.table}"
        f" FOR EACH ROW WHEN ({trigger.when}) EXECUTE FUNCTION {trigger.name}()"
    )


def kept_to_its_tables(function: str) -> Iterator[str]:
    """The statements by which a trigger's function finds the tables of its own schema, and serves no others.

    Otherwise a session's temporary tables stand before them, and a temporary table may have such a trigger.
    """
    yield (
        f"DO $$ BEGIN EXECUTE format('ALTER FUNCTION {function}() SET search_path = %I, pg_temp',"
        " current_schema()); END $$"
    )
    yield f"REVOKE EXECUTE ON FUNCTION {function}() FROM PUBLIC"


def on_sqlite(trigger: Trigger) -> Iterator[str]:
    """The statements that create a trigger on SQLite, one for each event."""
    for event in trigger.events:
        otherwise = f" AND NOT EXISTS ({trigger.unless})" if trigger.unless else ""
        yield (
            f"CREATE TRIGGER {trigger.name}_on_{event.split()[0].lower()} BEFORE {event}"
            f" ON {trigger.table}"
            f" WHEN ({trigger.when}){otherwise} BEGIN SELECT RAISE(ABORT, '{trigger.name}'); END"
        )
