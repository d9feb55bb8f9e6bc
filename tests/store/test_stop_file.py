"""The kill switch of one host: the stricter way wherever the file does not say what it means."""

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from gate_events.stops import Stop
from gate_store import stop_file
from gate_store.stop_file import UNREADABLE, StopFile, UnreadableStopFileError

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ALL = Stop(stop_id=UUID(int=1), by="ana", note="wrong mails", at=NOON)
MAIL = Stop(stop_id=UUID(int=2), action_type="mail", by="ana", note="wrong mails", at=NOON)
MALFORMED = [
    b"",
    b"stop!",
    b"[]",
    b"{}",
    b"null",
    b"\xff\xfe",
    b'[{"stop_id": 1}]',
    b'[{"stop_id":"00000000-0000-0000-0000-000000000001","by":"a","note":"","at":"2026-11-30T12:00:00Z","mail":1}]',
]


@pytest.fixture
def file(tmp_path: Path) -> StopFile:
    return StopFile(tmp_path / "state" / "stop")


def written(file: StopFile, content: bytes) -> Path:
    assert file.path
    file.path.parent.mkdir()
    file.path.write_bytes(content)
    return file.path


def test_nothing_is_stopped_where_there_is_no_file(file: StopFile) -> None:
    assert file.stops() == ()
    assert file.holding("mail") is None
    assert file.end(None) == []
    assert StopFile(None).holding("mail") is None


def test_what_is_stopped_is_read_as_it_was_written(file: StopFile) -> None:
    file.add(MAIL)
    file.add(ALL)
    assert file.stops() == [MAIL, ALL]
    assert file.holding("mail") == file.holding("pay") == ALL


def test_stops_that_are_said_at_once_are_all_kept(file: StopFile) -> None:
    made = [Stop(stop_id=UUID(int=number), by="ana", note="", at=NOON) for number in range(1, 9)]
    with ThreadPoolExecutor(len(made)) as people:
        list(people.map(lambda stop: StopFile(file.path).add(stop), made))
    assert {stop.stop_id for stop in file.stops()} == {stop.stop_id for stop in made}


def test_whoever_holds_its_folder_keeps_nobody_from_stopping(
    file: StopFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_file, "_ALONE_WITHIN_S", 0.0)
    file.add(MAIL)
    assert file.path
    held = os.open(file.path.parent, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    file.add(ALL)
    os.close(held)
    assert file.stops() == [MAIL, ALL]


def test_only_its_owner_may_read_it(file: StopFile) -> None:
    file.add(ALL)
    assert file.path
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.path.parent.iterdir()] == ["stop"]


@pytest.mark.parametrize("content", MALFORMED)
def test_a_file_that_says_something_else_stops_everything(file: StopFile, content: bytes) -> None:
    written(file, content)
    held = file.holding("mail")
    assert held
    assert held.action_type is None
    assert "cannot be told" in held.note


@pytest.mark.parametrize("content", MALFORMED)
def test_of_a_malformed_file_all_is_ended_or_nothing(file: StopFile, content: bytes) -> None:
    path = written(file, content)
    with pytest.raises(UnreadableStopFileError):
        file.end("mail")
    with pytest.raises(UnreadableStopFileError):
        file.add(MAIL)
    assert path.read_bytes() == content
    assert len(file.end(None)) == 1
    assert not path.exists()


def test_a_folder_in_its_place_stops_everything(file: StopFile) -> None:
    assert file.path
    file.path.mkdir(parents=True)
    assert file.holding("mail")


def test_a_link_that_leads_nowhere_stops_everything(file: StopFile) -> None:
    assert file.path
    file.path.parent.mkdir()
    file.path.symlink_to("nowhere")
    assert file.holding("mail")


@pytest.mark.parametrize("what", ["lstat", "read_bytes"])
def test_what_may_not_be_looked_at_stops_everything(
    file: StopFile, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.add(MAIL)

    def refused(*_: object, **__: object) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, what, refused)
    held = file.holding("pay")
    assert held
    assert "permission denied" in held.note


def test_an_end_leaves_a_stop_that_came_while_somebody_was_asked(file: StopFile) -> None:
    file.add(ALL)
    newer = Stop(stop_id=UUID(int=3), by="ben", note="more of them", at=NOON)
    file.add(newer)
    assert file.end(None, {ALL.stop_id}) == [ALL]
    assert file.stops() == [newer]


def test_nor_does_it_remove_a_file_that_nobody_could_read_only_by_then(file: StopFile) -> None:
    path = written(file, b"?")
    with pytest.raises(UnreadableStopFileError):
        file.end(None, {ALL.stop_id})
    assert path.exists()
    assert [stop.stop_id for stop in file.end(None, {UNREADABLE})] == [UNREADABLE]
    assert not path.exists()


def test_an_end_takes_off_what_it_names(file: StopFile) -> None:
    file.add(MAIL)
    file.add(ALL)
    assert file.end(None) == [ALL]
    assert file.stops() == [MAIL]
    assert file.end("pay") == []
    assert file.end("mail") == [MAIL]
    assert file.stops() == ()
    assert file.path
    assert not file.path.exists()
