"""No login leaves a row that whoever reads it beside others cannot read, or cannot count on from."""

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from gate_store.roles.roles import PARTS, Access, Role
from gate_store.roles.rows import GUARDED, rows_of
from gate_store.tables import UtcMoment, metadata
from tests.rights.logins import Logins

SAYS = (
    "INSERT INTO outbox (event_id, record, key, body, created_at)"
    " VALUES (gen_random_uuid(), 'PlanProposed', 'k', '', {})"
)
LARGE = (
    "INSERT INTO outbox (event_id, record, key, body, created_at)"
    " VALUES (gen_random_uuid(), 'PlanProposed', repeat('k', {}), repeat('x', {})::bytea, now())"
)
BEGINS = (
    "INSERT INTO runs (thread_id, graph, status, worker, lease_until, error, created_at, updated_at,"
    " not_before, token, attempts) VALUES ('t', 'g', 'RUNNING', 'w', now(), '', now(), now(), {}, {}, {})"
)
LOOKED = "INSERT INTO views (gate_id, who, what, at) VALUES (gen_random_uuid(), 'ana', 'SEEN', {})"
STOPS = "INSERT INTO stops (stop_id, by, note, at) VALUES (gen_random_uuid(), 'ana', '', {})"
STREAMS = "INSERT INTO run_events (thread_id, plan_id, at, event) VALUES ('t', gen_random_uuid(), {}, '1')"
LIVES = "INSERT INTO workers (name, instance, started_at) VALUES ('w', 'i', {})"
INFINITE, LATE, EARLY, NOW = "'infinity'", "'20000-01-01Z'", "'0044-03-15Z BC'", "now()"


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("role", "statement", "given", "sound"),
    [
        (Role.AGENT, SAYS, [INFINITE], [NOW]),
        (Role.RESUMER, SAYS, [EARLY], [NOW]),
        (Role.AGENT, LARGE, ["1", "33554433"], ["1", "33554432"]),
        (Role.AGENT, LARGE, ["65537", "1"], ["65536", "1"]),
        (Role.AGENT, BEGINS, [LATE, "0", "0"], [NOW, "0", "0"]),
        (Role.AGENT, BEGINS, [NOW, "9223372036854775807", "0"], [NOW, "0", "0"]),
        (Role.AGENT, BEGINS, [NOW, "0", "2147483647"], [NOW, "0", "1"]),
        (Role.REVIEWER, LOOKED, [LATE], [NOW]),
        (Role.REVIEWER, STOPS, [INFINITE], [NOW]),
        (Role.RESUMER, STREAMS, [INFINITE], [NOW]),
        (Role.RESUMER, LIVES, [EARLY], [NOW]),
    ],
)
def test_what_is_beyond_all_clients_is_refused(
    one_store: Logins, role: Role, statement: str, given: list[str], sound: list[str]
) -> None:
    with psycopg.connect(one_store.url_of(role)) as conn:
        conn.execute(statement.format(*sound).encode())
        conn.rollback()
        with pytest.raises(InsufficientPrivilege, match="row-level security"):
            conn.execute(statement.format(*given).encode())


def test_each_moment_that_a_role_writes_is_held_to_bounds() -> None:
    held = {
        (each.role, each.table): each.left.as_string()
        for each in rows_of("public")
        if each.left and each.may in ("INSERT", "ALL")
    }
    for role, part in PARTS.items():
        for table in metadata.sorted_tables if role is not Role.GATEKEEPER else ():
            adds = part.get(table.name, Access()).adds
            moments = [
                each.name
                for each in table.columns
                if isinstance(each.type, UtcMoment) and {"*", each.name} & {*adds}
            ]
            for moment in moments:
                assert table.name in GUARDED
                assert f'"{moment}" BETWEEN' in held[role, table.name]
