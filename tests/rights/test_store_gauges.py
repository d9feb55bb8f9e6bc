"""A worker that is watched asks the store with its own login, and for no more than that may see."""

import pytest

from gate_store.gauges import gauges
from gate_store.roles.roles import Role
from tests.rights.logins import Logins
from tests.store.acting import ask
from tests.store.examples import NOON, asked, run

pytestmark = pytest.mark.postgres


def test_each_part_of_a_worker_may_see_what_its_endpoint_tells(logins: Logins) -> None:
    with logins.store(Role.OWNER) as store, store.begin() as conn:
        ask(conn, asked(run=run()))
    for role in (Role.ROUTER, Role.GATEKEEPER, Role.RESUMER):
        with logins.store(role) as store, store.connect() as conn:
            told = gauges(conn, NOON, {})
        assert [gate.tier for gate in told.gates] == ["IRREVERSIBLE"], role
        assert told.runs["PAUSED"] == 1, role
        assert (told.outbox is None) is (role is Role.ROUTER), role
