"""A process is heard of while it beats, by the store's clock, and costs the store next to nothing."""

from datetime import timedelta

from sqlalchemy import Connection, Engine, text, update

from gate_store.database import utc_now
from gate_store.heartbeats import Process, beat, begin_to_beat, end_beating, heard
from gate_store.tables import heartbeats

NAMES = {"gatekeeper": None, "router": None}


def process(name: str, instance: str = "here") -> Process:
    return Process(name, instance, "machine", "1.0", "digest", {"mine": "v1"})


def aged(conn: Connection, name: str, by: timedelta) -> None:
    conn.execute(update(heartbeats).where(heartbeats.c.name == name).values(beat_at=utc_now() - by))


def test_a_process_is_heard_of_with_what_it_works_by(conn: Connection) -> None:
    begin_to_beat(conn, process("a"), NAMES, utc_now())
    gatekeeper, router = heard(conn, utc_now())
    assert (gatekeeper.part, router.part) == ("gatekeeper", "router")
    assert router.process == process("a")
    assert router.does_its_part


def test_who_missed_a_minute_is_silent_and_one_beat_is_enough_to_be_heard_again(conn: Connection) -> None:
    begin_to_beat(conn, process("a"), {"router": None}, utc_now())
    aged(conn, "a", timedelta(seconds=61))
    assert [each.is_silent for each in heard(conn, utc_now())] == [True]
    assert beat(conn, "a", "router", None, utc_now())
    assert [each.is_silent for each in heard(conn, utc_now())] == [False]


def test_who_is_in_trouble_lives_and_does_not_do_its_part(conn: Connection) -> None:
    begin_to_beat(conn, process("a"), {"router": None}, utc_now())
    assert beat(conn, "a", "router", "Kafka does not answer", utc_now())
    (router,) = heard(conn, utc_now())
    assert (router.is_silent, router.does_its_part) == (False, False)


def test_a_clean_end_and_a_new_start_in_the_same_place_leave_nothing_to_worry_about(conn: Connection) -> None:
    begin_to_beat(conn, process("a"), NAMES, utc_now())
    begin_to_beat(conn, process("b"), NAMES, utc_now())
    begin_to_beat(conn, process("c", "elsewhere"), NAMES, utc_now())
    end_beating(conn, "c", NAMES)
    assert {each.process.name for each in heard(conn, utc_now())} == {"b"}
    assert not beat(conn, "a", "router", None, utc_now())


def test_who_was_not_heard_of_for_a_day_is_forgotten_when_another_starts(conn: Connection) -> None:
    begin_to_beat(conn, process("a"), NAMES, utc_now())
    aged(conn, "a", timedelta(days=1, seconds=1))
    assert len(heard(conn, utc_now())) == 2
    begin_to_beat(conn, process("b", "elsewhere"), NAMES, utc_now())
    assert {each.process.name for each in heard(conn, utc_now())} == {"b"}


def test_on_postgresql_a_beat_touches_no_index(store: Engine) -> None:
    """Each in a transaction of its own, as workers beat: so a page gets its room back."""
    if store.dialect.name != "postgresql":
        return  # SQLite writes in place
    counted = text(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'heartbeats'"
    )
    with store.begin() as conn:
        begin_to_beat(conn, process("a"), NAMES, utc_now())
    for _ in range(20):
        with store.begin() as conn:
            before = conn.execute(counted).one()
            assert beat(conn, "a", "router", None, utc_now())
            after = conn.execute(counted).one()
        assert (after[0] - before[0], after[1] - before[1]) == (1, 1)
