"""Takes from the store what it said and Kafka did not bring back: a topic takes no record beyond a limit."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine

from gate_events.records import ApprovalRequested, PlanExecuted
from gate_policy.catalogue import Catalogue
from gate_store.own_requests import forget, left_the_outbox
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.gatekeeper.undecided import ended_undecided, tell

_log = logging.getLogger("plangate.gatekeeper")
_EVERY = timedelta(seconds=10)  # what a relay is done with is back sooner
_LIMIT = 100


class Unheard:
    """Looks now and then; what was there at the look before is taken as if Kafka had brought it."""

    def __init__(self, store: Engine, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._there: frozenset[UUID] = frozenset()
        self._looked_at: datetime | None = None

    def take(self, now: datetime) -> None:
        """Questions of our own and outcomes of runs. Should Kafka bring them still, that changes nothing."""
        if self._looked_at and now - self._looked_at < _EVERY:
            return
        with self._store.begin() as conn:
            found = left_the_outbox(conn, _LIMIT)
        for record in found:
            if record.event_id in self._there:
                self._take(record, now)
        self._there = frozenset(record.event_id for record in found)
        self._looked_at = now

    def _take(self, record: ApprovalRequested | PlanExecuted, now: datetime) -> None:
        name = f"{type(record).__name__} {record.event_id}"
        with self._store.begin() as conn:
            committed = commit_batch(conn, [record], self._catalogue, now)
            undecided = ended_undecided(conn, committed)
            forget(conn, [record.event_id])
        tell(undecided)
        if committed.refused:
            _log.error("the store's own %s does not count: %s", name, committed.refused[0])
        else:
            _log.warning("Kafka did not bring back the %s: it is taken from the store", name)
