"""Forgets what nodes said long ago: events of runs are for whoever follows them, and no record."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from gate_store.run_events import forget_events

_EVERY = timedelta(minutes=1)
_LIMIT = 2_000  # of one transaction


class OldEvents:
    """Looks once a minute, and at the next tick again while there is more."""

    def __init__(self, store: Engine, kept: timedelta) -> None:
        self._store = store
        self._kept = kept
        self._looked_at: datetime | None = None

    def forget(self, now: datetime) -> None:
        """A batch of those that are older than they are kept."""
        if self._looked_at and now - self._looked_at < _EVERY:
            return
        with self._store.begin() as conn:
            forgotten = forget_events(conn, now, self._kept, _LIMIT)
        self._looked_at = now if forgotten < _LIMIT else None
