"""Who may ask for another attempt at a run, and what an agent's login learns of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import ProgrammingError

from gate_store.database import open_store, utc_now
from gate_store.roles.roles import Role
from plangate import outcome
from producers.run_outcome import NotEndedError
from stream_apps.retrying import ask_to_retry
from tests.resumer.stage import Stage
from tests.resumer.test_retry import CATALOGUE, failed
from tests.rights.logins import Logins
from tests.rights.test_store_threads import submitted

pytestmark = pytest.mark.postgres


@pytest.fixture
def stage(logins: Logins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("EFFECTS_LOG", str(tmp_path / "effects.log"))
    engine = open_store(logins.url)
    yield Stage(logins.url, engine)
    engine.dispose()


async def test_whoever_has_a_resumers_rights_may_ask_for_another_attempt_and_no_reviewer(
    logins: Logins, stage: Stage
) -> None:
    await failed(stage)
    for role in (Role.REVIEWER, Role.AUDITOR, Role.SERVICE):
        with pytest.raises(ProgrammingError, match="permission denied"):
            retry(logins, role)
    retry(logins, Role.RESUMER)
    assert stage.run().status == "PAUSED"


def retry(logins: Logins, role: Role) -> None:
    with logins.store(role) as store, store.begin() as conn:
        ask_to_retry(conn, "t1", ["s2"], "olga", "", CATALOGUE, utc_now())


async def test_an_agent_learns_how_its_own_run_ended(logins: Logins) -> None:
    url = logins.url_of(Role.AGENT, "ana")
    await submitted(logins, "ana", thread="t2")
    assert (await outcome("t2", store_url=url)).status == "DONE"
    await submitted(logins, "ana", "bob")
    with pytest.raises(NotEndedError, match="it is PAUSED"):
        await outcome("t1", store_url=url, timeout_s=0)
