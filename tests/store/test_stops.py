"""The kill switch in the store: services begin nothing of what is stopped."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, Engine, select

from gate_events.stops import Stop, began, ended
from gate_events.words import StepStatus
from gate_store import ledger
from gate_store.claims import Claim, Grant
from gate_store.clearances import record_cleared
from gate_store.database import open_store
from gate_store.engine.port import StoppedError
from gate_store.ledger import claim_effect, finish_effect
from gate_store.plan_owners import note_revisions
from gate_store.stops import all_stops, begin_stop, end_stop, in_force, take_stop, wait_for_intents
from gate_store.tables import effects, stops
from tests.store.examples import NOON, STEPS, cleared
from tests.stores import migrated

PLAN = cleared()
STEP = STEPS[0]
PATIENCE_S = 60.0
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def stop(action_type: str | None = None, note: str = "wrong mails") -> Stop:
    return Stop(stop_id=uuid4(), action_type=action_type, by="ana", note=note, at=NOON)


def claim(conn: Connection) -> Claim:
    return claim_effect(conn, PLAN.plan_id, PLAN.digest, STEP, "w1", NOON)


@pytest.mark.parametrize("action_type", [None, STEP.action_type])
def test_a_step_that_is_stopped_is_not_begun(conn: Connection, action_type: str | None) -> None:
    record_cleared(conn, [PLAN], NOON)
    made = stop(action_type)
    begin_stop(conn, made)
    with pytest.raises(StoppedError, match=r"stopped since .* by ana: 'wrong mails'"):
        claim(conn)
    assert conn.execute(select(effects)).all() == []
    end_stop(conn, made, "ana", "mended", NOON)
    assert claim(conn).grant is Grant.GO


def test_a_step_of_another_action_type_is_begun(conn: Connection) -> None:
    record_cleared(conn, [PLAN], NOON)
    begin_stop(conn, stop("pay"))
    assert claim(conn).grant is Grant.GO


def test_what_is_under_way_is_told_and_what_is_done_is_known(conn: Connection) -> None:
    record_cleared(conn, [PLAN], NOON)
    held = claim(conn)
    begin_stop(conn, stop())
    assert finish_effect(conn, held, StepStatus.SUCCEEDED, NOON, result="sent")
    assert claim(conn).result == "sent"


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Engine]:
    """Here, unlike on SQLite, several write at a time."""
    migrated(postgres_url)
    engine = open_store(postgres_url)
    with engine.begin() as conn:
        record_cleared(conn, [PLAN], NOON)
    yield engine
    engine.dispose()


def test_a_stop_that_comes_in_the_middle_of_a_claim_refuses_it(
    postgres: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its first look and its intent: what it reads once it has written decides."""

    def stopped_meanwhile(*_: object) -> None:
        with postgres.begin() as other:
            begin_stop(other, stop())

    monkeypatch.setattr(ledger, "refuse_out_of_order", stopped_meanwhile)
    with pytest.raises(StoppedError), postgres.begin() as conn:
        claim(conn)
    with postgres.begin() as conn:
        assert conn.execute(select(effects)).all() == []


def test_who_stops_hears_when_every_intent_that_saw_nothing_of_it_is_durable(postgres: Engine) -> None:
    with ThreadPoolExecutor(1) as pool, ExitStack() as claiming:
        assert claim(claiming.enter_context(postgres.begin())).grant is Grant.GO
        with postgres.begin() as conn:
            begin_stop(conn, stop())
        assert not wait_for_intents(postgres, 0.0)
        waiting = pool.submit(wait_for_intents, postgres, PATIENCE_S)
        claiming.close()
        assert waiting.result(PATIENCE_S)


def test_a_store_with_one_writer_at_a_time_has_nobody_to_wait_for(sqlite_url: str) -> None:
    migrated(sqlite_url)
    store = open_store(sqlite_url)
    assert wait_for_intents(store, 0.0)
    store.dispose()


def test_who_and_why_are_kept(conn: Connection) -> None:
    made = stop("pay")
    begin_stop(conn, made)
    begin_stop(conn, Stop(stop_id=made.stop_id, by="mallory", note="other words", at=NOON))
    assert in_force(conn) == [made]
    end_stop(conn, made, "bob", "mended", NOON)
    end_stop(conn, made, "mallory", "other words", NOON)
    assert in_force(conn) == []
    row = conn.execute(select(stops)).one()
    assert (row.by, row.note, row.ended_by, row.ended_note) == ("ana", "wrong mails", "bob", "mended")


def test_a_stop_that_was_said_on_kafka_counts(conn: Connection) -> None:
    made = stop("pay")
    assert take_stop(conn, began(made), NOON) is None
    assert in_force(conn) == [made]


@pytest.mark.parametrize("at", [FIRST, LAST], ids=["the first", "the last"])
def test_a_stop_of_a_moment_that_some_client_cannot_read_is_of_now(conn: Connection, at: datetime) -> None:
    """In some time zones it is of no year that Python knows, and who reads stops reads all of them."""
    made = replace(stop(), at=at)
    assert take_stop(conn, began(made), NOON) is None
    assert in_force(conn) == [replace(made, at=NOON)]


def test_an_end_that_was_said_on_kafka_counts_of_the_stop_that_it_names(conn: Connection) -> None:
    made, other = stop(), stop()
    for each in (made, other):
        begin_stop(conn, each)
    assert take_stop(conn, ended(made, "bob", "mended", NOON), NOON) is None
    assert in_force(conn) == [other]
    assert all_stops(conn)[made.stop_id] == ended(made, "bob", "mended", NOON)
    assert take_stop(conn, began(made), NOON) is None
    assert in_force(conn) == [other]


@pytest.mark.parametrize("by", [PLAN.proposer, PLAN.agent.name, f" {PLAN.proposer.upper()} ", "b\u202eob"])
def test_neither_an_agent_nor_a_proposer_nor_a_name_that_fakes_the_view_ends_a_stop(
    conn: Connection, by: str
) -> None:
    """Else whoever's plan waits would let it go on."""
    note_revisions(conn, [PLAN], NOON)
    made = stop()
    begin_stop(conn, made)
    assert take_stop(conn, ended(made, by, "let me", NOON), NOON)
    assert in_force(conn) == [made]


def test_an_end_of_another_action_type_is_of_no_stop(conn: Connection) -> None:
    made = stop()
    begin_stop(conn, made)
    forged = msgspec.structs.replace(ended(made, "bob", "", NOON), action_type="pay")
    assert "is of everything" in (take_stop(conn, forged, NOON) or "")
    assert in_force(conn) == [made]
