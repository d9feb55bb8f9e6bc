"""Asks about the next plans that wait: gates have closed, or the catalogue lets more be open."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine

from gate_policy.catalogue import Catalogue
from gate_store.bounded import is_held_up
from stream_apps.gatekeeper.commit import decide
from stream_apps.gatekeeper.queue import next_in_queue
from stream_apps.gatekeeper.take_claims import take_queued
from stream_apps.patience import is_outage

_log = logging.getLogger("plangate.gatekeeper")
_LIMIT = 500
_AGAIN = timedelta(minutes=1)  # until what could not be asked about is tried again


class QueueTurns:
    """A plan that cannot be taken holds up no other: the next one has its turn."""

    def __init__(self, store: Engine, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._failed: dict[UUID, datetime] = {}  # when, by the gate as which it would be asked

    def take(self, now: datetime) -> None:
        """As many as there is room for."""
        self._failed = {turn: at for turn, at in self._failed.items() if now - at < _AGAIN}
        with self._store.begin() as conn:
            turns = next_in_queue(conn, self._catalogue.limits, _LIMIT, self._failed)
        if turns:
            self._ask(turns, now)

    def _ask(self, turns: Sequence[UUID], now: datetime) -> None:
        try:
            with self._store.begin() as conn:
                taken = take_queued(conn, turns, self._catalogue, now, self._catalogue.limits)
                decide(conn, taken.waited, self._catalogue, now)
        except Exception as error:
            if is_outage(error) or is_held_up(error):
                raise
            if len(turns) == 1:
                self._failed[turns[0]] = now
                _log.exception("the plan that waits to be asked about as %s cannot be", turns[0])
                return
            for turn in turns:
                self._ask([turn], now)
