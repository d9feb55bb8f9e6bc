"""Tells work on records that does not end by itself from work that waits for the store."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from sqlalchemy import Engine, event


class _Piece:
    """One piece of work in one thread."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._waited_s = 0.0
        self._asked: float | None = None  # since when the store owes it an answer

    def asks(self) -> None:
        self._asked = time.monotonic()

    def answered(self) -> None:
        if self._asked is not None:
            self._waited_s += time.monotonic() - self._asked
        self._asked = None

    def own_s(self) -> float:
        asked, now = self._asked, time.monotonic()
        return (now if asked is None else asked) - self._began - self._waited_s


class OwnWork:
    """How long the pieces of work on records that are under way in a process have computed, in seconds.

    For this alone a record can be at fault: bytes make code compute for ever, but they keep no store and no
    broker from answering. So what a piece waited for the store does not count, neither for an answer that
    never comes nor for many slow ones. Nor does work that no record asked for (the clock's): records that
    wait behind it have nothing to do with it. What computes on the event loop is no piece: held_up.py
    ends it.
    """

    def __init__(self) -> None:
        self._pieces: dict[int, _Piece] = {}  # by thread

    def know(self, store: Engine) -> None:
        """Notice when the work asks this store, and when it answers."""
        event.listen(store, "before_cursor_execute", self._asks)
        event.listen(store, "after_cursor_execute", self._answered)
        event.listen(store, "handle_error", self._answered)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Work on records, in the thread that does it, from behind the begin of its transaction."""
        self._pieces[get_ident()] = _Piece()
        try:
            yield
        finally:
            del self._pieces[get_ident()]

    def longest_s(self) -> float:
        """Of the piece that computes longest; 0: there is none. From any thread."""
        return max((piece.own_s() for piece in list(self._pieces.values())), default=0.0)

    def _asks(self, *_: Any) -> None:
        if piece := self._pieces.get(get_ident()):
            piece.asks()

    def _answered(self, *_: Any) -> None:
        if piece := self._pieces.get(get_ident()):
            piece.answered()
