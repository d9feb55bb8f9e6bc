"""What is stopped, said wherever somebody would wait for it."""

from collections.abc import Iterable

from sqlalchemy import Connection

from gate_events.stops import Stop
from gate_store.stop_file import StopFile
from gate_store.stops import in_force
from plangate.cli.moments import said
from plangate.settings import Settings


def stopped(settings: Settings, conn: Connection) -> list[Stop]:
    """The stops that are in force for this host, each once, the oldest first."""
    found = {stop.stop_id: stop for stop in [*StopFile(settings.stop_file).stops(), *in_force(conn)]}
    return sorted(found.values(), key=lambda stop: stop.at)


def what_is_stopped(settings: Settings, conn: Connection) -> str:
    """The same in one line; empty where nothing is stopped."""
    return in_words(stopped(settings, conn))


def in_words(stops: Iterable[Stop]) -> str:
    """Each stop, one of everything as such."""
    return "; ".join(_words(stop) for stop in stops)


def _words(stop: Stop) -> str:
    words = stop.since(said(stop.at))
    return words if stop.action_type else f"everything is {words}"
