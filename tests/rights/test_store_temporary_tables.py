"""Anybody may make temporary tables: none stands in for one of the store, and none borrows its triggers."""

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from gate_store.clearances import record_cleared
from gate_store.database import utc_now
from gate_store.ledger import claim_effect
from gate_store.roles.roles import Role
from gate_store.tables import revocations
from tests.rights.logins import Logins
from tests.store.examples import STEPS, cleared

pytestmark = pytest.mark.postgres

TRIGGERS_RUN = """
SELECT p.proname, p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE')
FROM pg_proc AS p JOIN pg_namespace AS s ON s.oid = p.pronamespace
WHERE s.nspname = current_schema() AND p.prorettype = 'trigger'::regtype
"""


def test_what_was_revoked_does_not_begin_though_a_temporary_table_says_nothing_is(logins: Logins) -> None:
    plan = cleared()
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        record_cleared(conn, [plan], utc_now())
        conn.execute(
            insert(revocations).values(digest=plan.digest, at=utc_now(), why="another took its place")
        )
    with logins.store(Role.SERVICE) as store, store.connect() as conn:
        conn.execute(
            text("CREATE TEMP TABLE revocations (digest text, by_digest text, at timestamptz, why text)")
        )
        with pytest.raises(IntegrityError, match="nothing_revoked_begins"):
            claim_effect(conn, plan.plan_id, plan.digest, STEPS[0], "me", utc_now(), lease_s=60)


@pytest.mark.parametrize("role", [Role.AGENT, Role.SERVICE, Role.REVIEWER, Role.AUDITOR, Role.RESUMER, None])
def test_nobody_notes_as_the_stores_own_words_what_the_outbox_did_not_say(
    one_store: Logins, role: Role | None
) -> None:
    with psycopg.connect(one_store.url_of(role)) as conn:
        conn.execute("CREATE TEMP TABLE mine (event_id uuid, contract text, body bytea)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="note_own_request"):
            conn.execute(
                "CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION note_own_request()"
            )


def test_every_function_of_a_trigger_finds_the_stores_own_tables_and_is_lent_to_nobody(
    one_store: Logins,
) -> None:
    with psycopg.connect(one_store.url) as conn:
        found = conn.execute(TRIGGERS_RUN).fetchall()
    assert len(found) > 20
    assert {tuple(config or ()) for _, config, _ in found} == {("search_path=public, pg_temp",)}
    assert [name for name, _, lent in found if lent] == []
