"""Who may insert into the outbox speaks with a relay's Kafka login: a role says there what is its own."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import ProgrammingError

from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanDecided,
    PlanExecuted,
    PlanProposed,
    PolicyKept,
)
from gate_store import outbox as outbox_
from gate_store.engine.open import open_engine_store
from gate_store.engine.port import OutboxRow
from gate_store.outbox import BY_RESUMERS
from gate_store.roles.roles import Role
from gate_store.savers.serde import strict_serde
from gate_store.tables import outbox, own_requests
from tests.events import samples
from tests.rights.logins import Logins

pytestmark = pytest.mark.postgres

SAID: Sequence[type[Any]] = (
    PlanProposed,
    PlanCleared,
    ApprovalRequested,
    DecisionMade,
    PlanDecided,
    PlanExecuted,
    PolicyKept,
)
# By hand: a fault in the table of roles must not hide.
MAY_SAY: dict[Role, set[type[Any]]] = {
    Role.ROUTER: {PolicyKept},
    Role.GATEKEEPER: set(SAID),
    Role.RESUMER: {PlanProposed, ApprovalRequested, PlanExecuted, PolicyKept},
    Role.AGENT: {PlanProposed},
    Role.SERVICE: set(),
    Role.REVIEWER: set(),
    Role.AUDITOR: set(),
}


def sample(record: type[Any]) -> Any:
    of_kind = next(each for each in samples.SAMPLES if type(each) is record)
    return msgspec.structs.replace(of_kind, event_id=uuid4())


@pytest.mark.parametrize("record", SAID)
@pytest.mark.parametrize("role", MAY_SAY)
def test_a_role_says_its_own_records_and_mints_no_other(
    one_store: Logins, role: Role, record: type[Any]
) -> None:
    one = sample(record)
    with one_store.store(role) as store, store.connect() as conn, conn.begin() as transaction:
        if record in MAY_SAY[role]:
            outbox_.put(conn, [one], samples.MORNING)
            transaction.rollback()
        else:
            with pytest.raises(ProgrammingError, match=r"row-level security|permission denied"):
                outbox_.put(conn, [one], samples.MORNING)
            transaction.rollback()


def test_what_an_agent_proposes_the_store_knows_again_though_the_agent_may_not_note_it(
    logins: Logins,
) -> None:
    one = sample(PlanProposed)
    with logins.store(Role.AGENT) as store:
        with store.begin() as conn:
            outbox_.put(conn, [one], samples.MORNING)
        with pytest.raises(ProgrammingError, match="permission denied"), store.begin() as conn:
            conn.execute(insert(own_requests).values(event_id=one.event_id, body=b"x"))
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        assert conn.execute(select(own_requests.c.event_id)).scalars().all() == [one.event_id]


async def test_a_resumers_relay_takes_only_what_its_login_may_write(logins: Logins) -> None:
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        outbox_.put(conn, [sample(record) for record in SAID], samples.MORNING)
    taken: list[str] = []

    async def publish(rows: Sequence[tuple[int, OutboxRow]]) -> Sequence[int]:
        taken.extend(row.record for _, row in rows)
        return [number for number, _ in rows]

    engine = open_engine_store(logins.url_of(Role.RESUMER), strict_serde())
    try:
        assert await engine.relay_outbox(100, publish) == len(BY_RESUMERS)
    finally:
        await engine.close()
    assert set(taken) == {record.__name__ for record in BY_RESUMERS}


@pytest.mark.parametrize("role", [Role.AGENT, Role.SERVICE, Role.RESUMER, Role.ROUTER])
def test_nobody_but_the_gatekeeper_sees_or_forgets_what_it_says(logins: Logins, role: Role) -> None:
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        outbox_.put(conn, [sample(DecisionMade), sample(PlanDecided)], samples.MORNING)
    with logins.store(role) as store:
        for statement in (select(outbox.c.event_id), delete(outbox)):
            try:
                with store.begin() as conn:
                    assert conn.execute(statement).rowcount <= 0
            except ProgrammingError as error:
                assert isinstance(error.orig, psycopg.errors.InsufficientPrivilege)  # noqa: PT017 - either will do
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        assert len(conn.execute(select(outbox.c.event_id)).all()) == 2
