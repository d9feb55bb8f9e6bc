"""A reviewer's login stops and goes; nobody else but the gatekeeper's, and nobody rewrites who did."""

from pathlib import Path

import psycopg
import pytest

from gate_store.roles.roles import Role
from tests.rights.logins import Logins
from tests.rights.test_store_refusals import project_of

pytestmark = pytest.mark.postgres

STOP = "INSERT INTO stops (stop_id, by, note, at) VALUES (gen_random_uuid(), 'ana', '', now())"
GO = "UPDATE stops SET ended_by = 'eve', ended_note = '', ended_at = now()"


def test_a_reviewer_stops_and_goes(logins: Logins, tmp_path: Path) -> None:
    reviewer = project_of(logins.url_of(Role.REVIEWER), tmp_path)
    stopped = reviewer.run("stop", "--note", "wrong mails", "--by", "ana")
    assert stopped.code == 0, stopped.err
    assert "everything is stopped" in reviewer.run("pending").out
    went = reviewer.run("go", "--yes", "--by", "ben")
    assert went.code == 0, went.err
    assert "is stopped" not in reviewer.run("pending").out


@pytest.mark.parametrize("role", [Role.ROUTER, Role.RESUMER, Role.AGENT, Role.SERVICE, Role.AUDITOR])
@pytest.mark.parametrize("statement", [STOP, GO, "DELETE FROM stops"])
def test_others_read_what_is_stopped_and_no_more(one_store: Logins, role: Role, statement: str) -> None:
    with psycopg.connect(one_store.url_of(role), autocommit=True) as conn:
        assert conn.execute("SELECT count(*) FROM stops").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement.encode())


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.GATEKEEPER])
@pytest.mark.parametrize("column", ["by = 'eve'", "note = ''", "action_type = 'x'", "at = now()"])
def test_nobody_changes_who_stopped_what_and_why(one_store: Logins, role: Role, column: str) -> None:
    with psycopg.connect(one_store.url_of(role), autocommit=True) as conn:
        for statement in (f"UPDATE stops SET {column}", "DELETE FROM stops"):  # noqa: S608 - ours
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.GATEKEEPER])
def test_nobody_changes_who_ended_a_stop_nor_lets_it_begin_again(one_store: Logins, role: Role) -> None:
    again = "UPDATE stops SET ended_by = NULL, ended_note = NULL, ended_at = NULL"
    with psycopg.connect(one_store.url_of(role)) as conn:
        conn.execute(STOP)
        assert [conn.execute(each.encode()).rowcount for each in (GO, GO, again)] == [1, 0, 0]
        conn.rollback()


@pytest.mark.parametrize("by", ["", "a\nb", "a" * 257], ids=["nobody", "two lines", "too long"])
def test_nobody_leaves_a_stop_or_an_end_that_its_topic_does_not_take(one_store: Logins, by: str) -> None:
    stop = "INSERT INTO stops (stop_id, by, note, at) VALUES (gen_random_uuid(), %s, '', now())"
    go = "UPDATE stops SET ended_by = %s, ended_note = '', ended_at = now()"
    with psycopg.connect(one_store.url_of(Role.REVIEWER)) as conn:
        for statement in (stop, go):
            with conn.transaction(force_rollback=True):
                conn.execute(STOP)
                with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                    conn.execute(statement.encode(), [by])
