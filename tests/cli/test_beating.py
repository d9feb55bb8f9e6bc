"""A process beats beside its work, through outages of the store, and tells a clean end alone."""

import logging
from pathlib import Path

import pytest

from gate_store.database import open_store, utc_now
from gate_store.heartbeats import Heard, Process, heard
from plangate.worker.heartbeat import Heartbeat
from tests.cli.project import until
from tests.stores import migrated

PROCESS = Process("a", "here", "machine", "1.0", "digest")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'plangate.db'}"


def heard_at(url: str) -> list[Heard]:
    store = open_store(url)
    with store.begin() as conn:
        found = heard(conn, utc_now())
    store.dispose()
    return found


def test_it_says_what_is_served_and_what_is_in_the_way_and_then_its_clean_end(url: str) -> None:
    migrated(url)
    heartbeat = Heartbeat(url, PROCESS, ["router"], every_s=60)
    with heartbeat.beating():
        until(lambda: [each.trouble for each in heard_at(url)] == ["it does not serve yet"])
        heartbeat.serves("router")
        until(lambda: [each.does_its_part for each in heard_at(url)] == [True])
        heartbeat.serves("router", lambda: "Kafka does not answer")
        until(lambda: [each.trouble for each in heard_at(url)] == ["Kafka does not answer"])
    assert heard_at(url) == []


def test_after_a_fault_it_is_heard_of_no_more_and_not_forgotten(url: str) -> None:
    migrated(url)

    def break_off() -> None:
        with Heartbeat(url, PROCESS, ["router"]).beating():
            until(lambda: heard_at(url))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert [each.process.name for each in heard_at(url)] == ["a"]


def test_a_store_that_is_not_there_is_said_once_and_waited_for(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "plangate.worker")
    (tmp_path / "plangate.db").mkdir()
    with Heartbeat(url, PROCESS, ["router"], every_s=0.02).beating():
        until(lambda: caplog.messages)
        (tmp_path / "plangate.db").rmdir()
        migrated(url)
        until(lambda: heard_at(url))
    assert [each for each in caplog.messages if "does not get through" in each] == caplog.messages[:1]


def test_a_fault_without_a_word_is_said_by_its_name_and_keeps_it_from_nothing(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    def no_word() -> str:
        raise TimeoutError

    migrated(url)
    heartbeat = Heartbeat(url, PROCESS, ["router"], every_s=0.02)
    heartbeat.serves("router", no_word)
    with heartbeat.beating():
        until(lambda: any("TimeoutError" in each for each in caplog.messages))
        heartbeat.serves("router")
        until(lambda: [each.does_its_part for each in heard_at(url)] == [True])
