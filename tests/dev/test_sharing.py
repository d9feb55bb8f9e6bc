"""How the workers of one test run share a service."""

import threading
from pathlib import Path

import pytest

from tests.sharing import Sharing


class Fake:
    """A service that counts its starts and stops in a file, as real ones leave traces beyond their object."""

    def __init__(self, folder: Path, port: int | None) -> None:
        self.port = port or 4711
        self._history = folder / "history"

    def start(self) -> None:
        with self._history.open("a") as file:
            file.write("start ")

    def stop(self) -> None:
        with self._history.open("a") as file:
            file.write("stop ")


class Broken(Fake):
    def start(self) -> None:
        raise RuntimeError("no Java")


def test_the_second_worker_joins_the_service_of_the_first(tmp_path: Path) -> None:
    with Sharing().use(tmp_path, Fake) as first, Sharing().use(tmp_path, Fake) as second:
        assert first.port == second.port
    assert (tmp_path / "history").read_text() == "start "


def test_the_owner_stops_the_service_only_when_the_last_user_has_left(tmp_path: Path) -> None:
    owner = Sharing()
    with owner.use(tmp_path, Fake):
        pass
    with Sharing().use(tmp_path, Fake):
        stopping = threading.Thread(target=owner.stop_owned)
        stopping.start()
        stopping.join(0.5)
        assert (tmp_path / "history").read_text() == "start "
    stopping.join(10)
    assert (tmp_path / "history").read_text() == "start stop "


def test_two_owners_that_use_each_others_services_both_end(tmp_path: Path) -> None:
    one, two = Sharing(), Sharing()
    a, b = tmp_path / "a", tmp_path / "b"
    with one.use(a, Fake), two.use(b, Fake), one.use(b, Fake), two.use(a, Fake):
        pass
    one.stop_owned()
    two.stop_owned()
    assert [(folder / "history").read_text() for folder in (a, b)] == ["start stop ", "start stop "]


def test_a_service_that_was_stopped_is_started_anew_for_a_late_worker(tmp_path: Path) -> None:
    early, late = Sharing(), Sharing()
    with early.use(tmp_path, Fake):
        pass
    early.stop_owned()
    with late.use(tmp_path, Fake):
        pass
    late.stop_owned()
    assert (tmp_path / "history").read_text() == "start stop start stop "


def test_a_service_that_does_not_start_leaves_the_next_worker_its_own_try(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no Java"), Sharing().use(tmp_path, Broken):
        pass
    with Sharing().use(tmp_path, Fake):
        assert (tmp_path / "history").read_text() == "start "
