"""What PostgreSQL lets each role do with each table. By hand: a fault in the table of roles must not hide."""

from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from gate_store.roles.roles import ALL_TABLES, Role
from tests.cli.project import CATALOGUE, GRAPH, Project
from tests.rights.logins import Logins

pytestmark = pytest.mark.postgres

STATE = {"checkpoints", "checkpoint_blobs", "checkpoint_writes"}
VERSIONS = {"alembic_version", "checkpoint_migrations"}
JUDGED = {"gates", "clearances", "revocations", "planned_effects", "executions", "plan_outcomes"}
BEFORE = {"outcomes", "own_words"}  # of the version before
OURS = set(ALL_TABLES) - STATE - BEFORE

READS = {
    Role.ROUTER: {
        *JUDGED,
        *VERSIONS,
        *("effects", "runs", "revisions", "own_requests", "asked_anew", "policies", "outbox"),
        *("told_before", "lost_plans", "stops", "queued_plans"),
        "heartbeats",
    },
    Role.GATEKEEPER: OURS,
    Role.RESUMER: {
        *JUDGED,
        *VERSIONS,
        *STATE,
        *("decisions", "cleared_steps", "cleared_actions", "stale_clearances", "policies"),
        *("runs", "effects", "workers", "heartbeats", "outbox", "restores", "lost_plans", "stops"),
        "undo_plans",
    },
    Role.AGENT: {
        *("runs", "outbox", "gates", "queued_plans", "heartbeats", "run_events", "stops"),
        *STATE,
    },
    Role.SERVICE: {*JUDGED, "cleared_steps", "revisions", "stale_clearances", "effects", "stops"},
    Role.REVIEWER: {
        *("gates", "decisions", "clearances", "revocations", "stale_clearances", "plan_outcomes"),
        *("policies", "effects", "runs", "heartbeats", "views", "stops", "undo_plans"),
        "queued_plans",
    },
    Role.AUDITOR: OURS,
}
ADDS = {
    Role.ROUTER: {"policies", "outbox", "heartbeats"},
    Role.GATEKEEPER: OURS
    - VERSIONS
    - {"runs", "workers", "own_requests", "restores", "lost_plans", "told_before", "views", "run_events"},
    Role.RESUMER: {
        *("policies", "runs", "run_events", "effects", "workers", "heartbeats", "outbox"),
        *("stale_clearances", *STATE),
    },
    Role.AGENT: {"runs", "outbox", *STATE},
    Role.SERVICE: {"effects", "stale_clearances"},
    Role.REVIEWER: {"views", "stops"},
}
CHANGES = {
    Role.ROUTER: {"runs", "heartbeats"},
    Role.GATEKEEPER: {
        *("gates", "decisions", "clearances", "effects", "runs", "stale_clearances", "executions"),
        *(
            "uncounted_outcomes",
            "waiting_plans",
            "queued_plans",
            "lost_plans",
            "heartbeats",
            "stops",
            "undo_plans",
        ),
    },
    Role.RESUMER: {
        *("runs", "effects", "workers", "heartbeats", "outbox", "checkpoints", "checkpoint_writes")
    },
    Role.AGENT: {"runs", "checkpoints", "checkpoint_writes"},
    Role.SERVICE: {"effects"},
    Role.REVIEWER: {"stops"},
}
REMOVES = {
    Role.GATEKEEPER: {
        *("decisions", "planned_effects", "plan_outcomes", "uncounted_outcomes", "own_requests"),
        *("waiting_plans", "queued_plans", "outbox", "heartbeats", "run_events"),
    },
    Role.ROUTER: {"heartbeats"},
    Role.RESUMER: {"outbox", "heartbeats"},
}
MAY: Mapping[str, Mapping[Role, set[str]]] = {
    "SELECT": READS,
    "INSERT": ADDS,
    "UPDATE": CHANGES,
    "DELETE": REMOVES,
    "TRUNCATE": {},
    "REFERENCES": {},
    "TRIGGER": {},
}
PARTS = [role for role in Role if role is not Role.OWNER]


@pytest.mark.parametrize("may", MAY)
@pytest.mark.parametrize("role", PARTS)
def test_a_role_may_do_its_part_with_its_tables_and_nothing_with_others(
    one_store: Logins, role: Role, may: str
) -> None:
    kind = "table" if may in ("DELETE", "TRUNCATE", "TRIGGER") else "any_column"
    with psycopg.connect(one_store.url_of(role)) as conn:
        allowed = {
            table
            for table in ALL_TABLES
            if conn.execute(
                sql.SQL("SELECT {}(%s, %s)").format(sql.Identifier(f"has_{kind}_privilege")), [table, may]
            ).fetchone()
            == (True,)
        }
    assert allowed == MAY[may].get(role, set())


@pytest.mark.parametrize("role", [*PARTS, None])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (x int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY",
        "DROP POLICY {prefix}gatekeeper_all ON outbox",
        "ALTER TABLE effects DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "SELECT setval('outbox_id_seq', 1)",
        "CREATE ROLE {prefix}another",
        "GRANT {prefix}owner TO CURRENT_USER",
        "SET ROLE {prefix}owner",
        "UPDATE outbox SET body = ''",
    ],
)
def test_no_role_frees_itself(one_store: Logins, role: Role | None, statement: str) -> None:
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(one_store.url_of(role), autocommit=True) as conn, refused:
        conn.execute(statement.format(prefix=one_store.prefix).encode())


def test_a_login_in_no_role_does_nothing(one_store: Logins) -> None:
    with psycopg.connect(one_store.url_of(None), autocommit=True) as conn:
        for table in ALL_TABLES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))


def test_the_owner_may_do_all_with_its_tables(one_store: Logins) -> None:
    with psycopg.connect(one_store.url_of(Role.OWNER)) as conn:
        conn.execute("ALTER TABLE runs ADD COLUMN more int")
        conn.execute("DELETE FROM outbox")
        conn.rollback()


@pytest.mark.parametrize(
    ("role", "command", "words"),
    [
        (Role.AGENT, ["pending"], "permission denied for table "),
        (Role.AGENT, ["show", "abc"], "permission denied for table "),
        (Role.SERVICE, ["runs"], "permission denied for table runs"),
        (Role.REVIEWER, ["submit", "mine"], "permission denied for table runs"),
        (Role.REVIEWER, ["store", "upgrade"], "permission denied for table alembic_version"),
    ],
)
def test_a_command_that_its_login_may_not_do_says_so_in_one_line(
    one_store: Logins, tmp_path: Path, role: Role, command: list[str], words: str
) -> None:
    project_of(one_store.url_of(role), tmp_path).run(*command).complains(
        "the store does not allow this user: ", words, "`plangate store roles` says what each role needs"
    )


def test_a_thread_of_another_login_is_named_in_one_line(logins: Logins, tmp_path: Path) -> None:
    ana, eve = (project_of(logins.url_of(Role.AGENT, name), tmp_path) for name in ("ana", "eve"))
    ana.submit("t1", "send_email", {"to": "ana", "token": "t"})
    given = '{"run": "t1", "action": "note", "arguments": [{"text": "x"}]}'
    ended = eve.run("submit", "mine", "--input", given, "--thread-id", "t1")
    ended.complains("thread t1 is of another user of the database; take another thread")


def project_of(url: str, folder: Path) -> Project:
    project = Project(folder, {"PLANGATE_STORE_URL": url})
    project.write("catalogue.yaml", CATALOGUE)
    project.write("langgraph.json", '{"graphs": {"mine": "./graph.py:graph"}}')
    project.write("graph.py", GRAPH)
    return project


def test_a_part_says_of_itself_alone_that_it_lives(logins: Logins) -> None:
    columns = "name, part, instance, host, version, catalogue, graphs, started_at, beat_at"
    says = f"INSERT INTO heartbeats ({columns}) VALUES ('n', %s, 'i', 'h', '1', 'd', '{{}}', now(), now())"  # noqa: S608 - ours
    with psycopg.connect(logins.url_of(Role.ROUTER), autocommit=True) as router:
        router.execute(says, ["router"])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            router.execute(says, ["gatekeeper"])
    with psycopg.connect(logins.url_of(Role.RESUMER), autocommit=True) as resumer:
        assert resumer.execute("UPDATE heartbeats SET beat_at = now()").rowcount == 0
        assert resumer.execute("DELETE FROM heartbeats").rowcount == 0
        assert resumer.execute("SELECT part FROM heartbeats").fetchall() == [("router",)]
