"""`plangate stop` and `plangate go`, where Kafka does not answer, and where the store does not either."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from gate_events.codec import decode
from gate_events.records import StopChanged
from gate_store.database import open_store
from gate_store.stop_file import StopFile
from gate_store.stops import in_force
from gate_store.tables import stops
from plangate.dev.apache_kafka import ApacheKafka
from tests.cli.commands import Shell
from tests.producers.services import Bench
from tests.topics import delete

WHY = ("--note", "wrong mails", "--by", "ana")


def file_of(shell: Shell) -> Path:
    return shell.folder / ".plangate" / "stop"


def held_in_store(shell: Shell) -> list[str | None]:
    engine = open_store(f"sqlite:///{shell.folder / 'plangate.db'}")
    with engine.connect() as conn:
        found = [stop.action_type for stop in in_force(conn)]
    engine.dispose()
    return found


@pytest.mark.parametrize("action", [None, "send_email"])
def test_a_stop_is_in_the_store_and_in_the_file_until_its_end(stored: Shell, action: str | None) -> None:
    of_it = ["--action", action] if action else []
    ended = stored.run("stop", *of_it, *WHY)
    assert ended.code == 0, ended.err
    assert re.search(r"stopped since \d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d UTC by ana: 'wrong mails'", ended.out)
    assert held_in_store(stored) == [action]
    assert [stop.action_type for stop in StopFile(file_of(stored)).stops()] == [action]

    refused = stored.run("go", *of_it)
    assert (refused.code, held_in_store(stored)) == (2, [action])

    went = stored.run("go", *of_it, "--yes", "--by", "bob", "--note", "mended")
    assert went.code == 0, went.err
    assert held_in_store(stored) == []
    assert not file_of(stored).exists()
    engine = open_store(f"sqlite:///{stored.folder / 'plangate.db'}")
    with engine.connect() as conn:
        row = conn.execute(select(stops)).one()
    engine.dispose()
    assert (row.by, row.note, row.ended_by, row.ended_note) == ("ana", "wrong mails", "bob", "mended")


def test_an_end_ends_what_it_names_and_nothing_else(stored: Shell) -> None:
    for more in ((), ("--action", "note"), ()):
        assert stored.run("stop", *more, *WHY).code == 0
    nothing = stored.run("go", "--action", "send_email", "--yes")
    assert nothing.complains("nothing of that is stopped")
    assert nothing.complains("as far as is known without Kafka: ")
    assert stored.run("go", "--yes").code == 0
    assert held_in_store(stored) == ["note"]
    assert [stop.action_type for stop in StopFile(file_of(stored)).stops()] == ["note"]


def test_it_works_where_the_store_does_not(shell: Shell) -> None:
    shell = shell.with_(PLANGATE_STORE_URL="sqlite:///plangate.db")
    ended = shell.run("stop", *WHY)
    assert ended.code == 1
    assert "plangate.db does not exist" in ended.err
    assert StopFile(file_of(shell)).holding("note")
    went = shell.run("go", "--yes")
    assert went.code == 1
    assert not file_of(shell).exists()


def test_where_nothing_could_be_noted_it_says_no_word_of_a_stop(shell: Shell) -> None:
    shell.write("state", "a file, where a folder would have to be made")
    nowhere = shell.with_(PLANGATE_STOP_FILE="state/stop")
    ended = nowhere.run("stop", *WHY)
    assert (ended.code, ended.out) == (1, "")
    assert "not in this host" in ended.err
    assert "not in the store" in ended.err


def test_it_needs_no_catalogue(stored: Shell) -> None:
    stored.write("catalogue.yaml", "?")
    assert stored.run("stop", "--action", "note", *WHY).code == 0


def test_an_action_type_that_no_catalogue_has_is_stopped_and_said(stored: Shell) -> None:
    ended = stored.run("stop", "--action", "send_mail", *WHY)
    assert ended.code == 0
    assert "did you mean send_email?" in ended.err
    assert held_in_store(stored) == ["send_mail"]


def test_a_file_that_nobody_can_read_is_said_and_removed_by_an_end_of_all(stored: Shell) -> None:
    file_of(stored).parent.mkdir()
    file_of(stored).write_text("?")
    assert "stops all on this host" in stored.run("pending").out
    finding = stored.run("doctor", "--json").findings["stop file"]
    assert finding["state"] == "wrong"
    ended = stored.run("stop", "--action", "note", *WHY)
    assert ended.code == 1
    assert "everything is stopped on this host" in ended.err
    assert held_in_store(stored) == ["note"]
    assert stored.run("go", "--action", "note", "--yes").code == 1
    assert file_of(stored).read_text() == "?"
    assert stored.run("go", "--yes").code == 0
    assert not file_of(stored).exists()


def test_whoever_would_wait_for_it_reads_what_is_stopped(stored: Shell) -> None:
    assert stored.run("stop", *WHY).code == 0
    for command in ("pending", "runs"):
        ended = stored.run(command)
        assert "everything is stopped since" in ended.out, ended
        ended = stored.run(command, "--json")
        assert "by ana: 'wrong mails'" in ended.err, ended
    found = stored.run("doctor", "--json").findings
    assert (found["stops"]["state"], found["stop file"]["state"]) == ("look", "look")
    assert "by ana: 'wrong mails'" in found["stops"]["found"]
    ended = stored.run("wait", "t1", "--timeout", "0")
    assert "everything is stopped" in ended.err


def test_as_json_it_is_one_document(stored: Shell) -> None:
    told = stored.run("stop", *WHY, "--json").json
    assert told["stop"]["note"] == "wrong mails"
    assert [place["done"] for place in told["places"]] == [True, True, False]
    assert told["places"][2]["later"] == "a gatekeeper brings it there from the store"


def test_a_name_that_fakes_the_view_is_refused(stored: Shell) -> None:
    assert stored.run("stop", "--note", "x", "--by", "a\u202ena").complains("--by", "leave it out")
    assert held_in_store(stored) == []


@pytest.mark.parametrize(
    "words", [("--action", ""), ("--action", "a" * 257), ("--note", "a" * 100_001), ("--by", "a" * 257)]
)
def test_what_its_topic_would_not_take_is_stopped_and_ended_nowhere(
    stored: Shell, words: tuple[str, str]
) -> None:
    assert stored.run("stop", *WHY, *words).complains("nothing was done")
    assert (held_in_store(stored), file_of(stored).exists()) == ([], False)
    if words[0] != "--action":
        assert stored.run("stop", *WHY).code == 0
        assert stored.run("go", "--yes", *words).complains("nothing was done")
        assert held_in_store(stored) == [None]


@pytest.fixture
def on_kafka(stored: Shell, kafka: ApacheKafka, topic_prefix: str) -> tuple[Shell, Bench]:
    """With a broker."""
    shell = stored.with_(
        PLANGATE_KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers, PLANGATE_TOPIC_PREFIX=topic_prefix
    )
    return shell, Bench(kafka, topic_prefix)


def said(bench: Bench) -> list[StopChanged]:
    values = [message.value() for message in bench.read("stops")]
    return [decode(value, StopChanged) for value in values]


def test_who_stopped_and_who_ended_it_is_on_record_on_kafka(on_kafka: tuple[Shell, Bench]) -> None:
    shell, bench = on_kafka
    ended = shell.run("stop", *WHY)
    assert (ended.code, ended.err) == (0, "")
    assert f"held: Kafka (topic {bench.prefix}stops)" in ended.out
    assert shell.run("go", "--yes", "--by", "bob", "--note", "mended").code == 0
    first, last = said(bench)
    assert (first.by, first.note, first.ended_by) == ("ana", "wrong mails", None)
    assert (last.by, last.note, last.ended_by, last.ended_note) == ("ana", "wrong mails", "bob", "mended")
    assert first.stop_id == last.stop_id


def test_it_works_on_kafka_where_the_store_does_not(on_kafka: tuple[Shell, Bench]) -> None:
    shell, bench = on_kafka
    away = shell.with_(PLANGATE_STORE_URL="sqlite:///nowhere.db", PLANGATE_STOP_FILE=str(shell.folder / "s1"))
    ended = away.run("stop", *WHY)
    assert ended.code == 1
    assert "a gatekeeper takes it from Kafka" in ended.err
    elsewhere = away.with_(PLANGATE_STOP_FILE=str(shell.folder / "s2"))
    went = elsewhere.run("go", "--yes", "--by", "bob")
    assert went.code == 1
    assert "everything is stopped since" in went.out
    assert [each.ended_by for each in said(bench)] == [None, "bob"]


def test_a_cluster_without_the_topic_is_told_and_the_store_is_stopped(
    on_kafka: tuple[Shell, Bench],
) -> None:
    shell, bench = on_kafka
    delete(bench.options, f"{bench.prefix}stops")
    ended = shell.run("stop", *WHY)
    assert ended.code == 0
    assert "run `plangate topics create`" in ended.err
    assert held_in_store(shell) == [None]
