"""A reviewer's login notes who looked, an auditor's leaves no trace, and neither hears of an error."""

import re
from pathlib import Path

import psycopg
import pytest

from gate_store.database import open_store
from gate_store.roles.roles import Role
from tests.claims.gate import asked, commit, proposed, step
from tests.docs.markdown import ROOT
from tests.rights.logins import Logins
from tests.rights.test_store_refusals import project_of

pytestmark = pytest.mark.postgres


def test_whoever_may_not_write_looks_without_a_trace(logins: Logins, tmp_path: Path) -> None:
    request = asked(proposed(step("pay")))
    store = open_store(logins.url)
    with store.begin() as conn:
        assert commit(conn, request).refused == {}
    store.dispose()
    reviewer, auditor = (
        project_of(logins.url_of(role), tmp_path).run for role in (Role.REVIEWER, Role.AUDITOR)
    )
    for command in (["pending"], ["show", str(request.request_id)]):
        for run, who in ((auditor, "eve"), (reviewer, "ana")):
            ended = run(*command, "--by", who)
            assert (ended.code, ended.err) == (0, "")
    [gate] = auditor("pending", "--json").json
    assert [(each["what"], each["who"]) for each in gate["views"]] == [("DELIVERED", "ana"), ("SEEN", "ana")]


def test_a_view_of_ones_own_says_so_as_its_document_tells(logins: Logins) -> None:
    text = (ROOT / "docs" / "reading-a-request.md").read_text()
    [statements] = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    statements = statements.replace(":request_id", "%(request_id)s").replace(":who", "%(who)s")
    given = {"request_id": "0" * 32, "who": "ana"}
    with psycopg.connect(logins.url_of(Role.REVIEWER), autocommit=True) as conn:
        for _ in range(2):
            for statement in filter(str.strip, statements.split(";")):
                conn.execute(statement.encode(), given)
        found = conn.execute("SELECT what, who FROM views ORDER BY what").fetchall()
    assert found == [("DELIVERED", "ana"), ("SEEN", "ana")]
