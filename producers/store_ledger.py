"""The store's effect ledger, for services that execute by themselves."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Event, Thread
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from gate_events.ids import effect_key
from gate_events.records import PlanCleared
from gate_events.stops import Stop
from gate_events.values import Step
from gate_events.words import StepStatus
from gate_policy.catalogue import Catalogue
from gate_policy.effects import effect_of
from gate_store.claim_content import unseen_name
from gate_store.claims import Claim, Grant
from gate_store.database import Clock
from gate_store.dialects import store_moment
from gate_store.effect_keys import Content, keys_in_force
from gate_store.engine.port import (
    NotClearedError,
    NotYetClearedError,
    OutdatedError,
    RepeatsError,
    UnderWayError,
)
from gate_store.ledger import claim_effect, finish_effect, renew_claim
from gate_store.plan_owners import owners
from gate_store.stale import Stale, note_stale
from gate_store.standings import Standing, attempt_cleared, standing_of
from gate_store.stops import in_force, refuse_stopped
from producers.acting import Word

T = TypeVar("T")

LEASE_S = 60.0
_ANOTHER = "another is at it"
_DEADLOCK = "40P01"  # SQLSTATE
_DEADLOCKS = 5  # in a row

_log = logging.getLogger("plangate.verdicts")


class StepLedger(Protocol):
    """Says what may be done, and remembers what was done."""

    decides: bool  # whether it knows what was begun, and how late it is

    def key(self, word: Word, step: Step) -> UUID:
        """The idempotency key of a step, the same at every attempt."""

    def claim(self, word: Word, step: Step) -> Claim:
        """The claim of a step, durable before it is done; never BUSY.

        Raises NotNowError where it may be done later, another NotClearedError where it may not.
        """

    def finish(
        self, word: Word, step: Step, claim: Claim, status: StepStatus, result: Any, detail: str
    ) -> bool:
        """Make durable how a claimed step ended; False: it is another's word by now."""

    def kept(self, claim: Claim) -> AbstractContextManager[None]:
        """Around the function that does a claimed step: the claim lasts as long as it."""

    def may_run(self, word: Word) -> None:
        """Raise NotClearedError where the store lets nothing of the plan be done, NotNowError: not yet."""

    def attempt(self, word: Word) -> int:
        """Which attempt at the plan the word allows."""


class NoLedger:
    """Where no store is configured: every step may be done, under its idempotency key.

    Nothing remembers whether an earlier revision had other content under that key.
    """

    decides = False

    def key(self, word: Word, step: Step) -> UUID:
        """That of the step's first content."""
        return effect_key(word.plan_id, step.step_id)

    def claim(self, word: Word, step: Step) -> Claim:
        """Granted."""
        return Claim(self.key(word, step), Grant.GO)

    def finish(
        self, word: Word, step: Step, claim: Claim, status: StepStatus, result: Any, detail: str
    ) -> bool:
        """Nothing remembers it but the outcome."""
        del word, step, claim, status, result, detail
        return True

    def kept(self, claim: Claim) -> AbstractContextManager[None]:
        """Nobody else can take it."""
        del claim
        return nullcontext()

    def may_run(self, word: Word) -> None:
        """Nothing is known against it."""

    def attempt(self, word: Word) -> int:
        """The one that the word names."""
        return word.attempt


class StoreLedger:
    """The rows of the gate store. `catalogue` tells which actions are idempotent, and their effect keys.

    A step that another process began stays its own for `lease_s` seconds. Nothing is waited for here.
    """

    decides = True

    def __init__(
        self,
        store: Engine,
        executor: str,
        now: Clock,
        catalogue: Catalogue | None = None,
        lease_s: float = LEASE_S,
    ) -> None:
        self._store = store
        self._executor = executor
        self._now = now
        self._actions = catalogue.actions if catalogue else {}
        self._lease_s = lease_s

    def key(self, word: Word, step: Step) -> UUID:
        """The key of this content of the step: its own where the ledger saw other content first."""
        content = Content.of(word.plan_id, step)
        return self._in_transaction(keys_in_force, [content])[content]

    def claim(self, word: Word, step: Step) -> Claim:
        """Claim the step.

        Raises NotYetClearedError where nothing clears its plan so far, UnderWayError while another is at it
        or an older revision goes on, another NotClearedError where it may not be done.
        """
        try:
            claim = self._in_transaction(self._claim, word, step)
        except RepeatsError as error:
            self._in_transaction(self._note_stale, word, error.why)
            raise
        if claim.grant is Grant.BUSY:
            raise UnderWayError(step.step_id, claim.detail or _ANOTHER)
        return claim

    def finish(
        self, word: Word, step: Step, claim: Claim, status: StepStatus, result: Any, detail: str
    ) -> bool:
        """Commit how the step ended; False: someone else has settled it."""

        def ended(conn: Any) -> bool:
            now = store_moment(conn, self._now())
            return finish_effect(conn, claim, status, now, result=result, detail=detail)

        if ours := self._in_transaction(ended):
            return ours
        _log.warning("plan %s: step %s was settled by someone else", word.plan_id, step.step_id)
        return False

    @contextmanager
    def kept(self, claim: Claim) -> Iterator[None]:
        """Renew the claim in the background until the step's function has ended."""
        ended = Event()

        def renew() -> None:
            while not ended.wait(self._lease_s / 3):
                try:
                    if not self._in_transaction(self._renew, claim):
                        return  # the end of the step finds out whose it is
                except Exception:
                    _log.warning("a claim could not be renewed; it is tried again", exc_info=True)

        keeper = Thread(target=renew, name="plangate-claim", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()

    def may_run(self, word: Word) -> None:
        """Raise NotClearedError where nothing of the plan may ever be done, OutdatedError where it is late.

        NotYetClearedError: the router cleared it, and the gatekeeper may note it yet. UnderWayError: an older
        revision ends first. StoppedError: a step of it is stopped.
        """
        if not word.steps:
            return
        first = word.steps[0].step_id
        standing, stops = self._in_transaction(self._standing, word)
        if standing.why:
            raise (OutdatedError if standing.is_late else NotClearedError)(first, standing.why)
        if standing.waits:
            raise UnderWayError(first, standing.waits)
        refuse_stopped(stops, *word.steps)
        if not standing.is_known:
            raise (NotYetClearedError if isinstance(word, PlanCleared) else NotClearedError)(first)

    def attempt(self, word: Word) -> int:
        """The one that the store cleared last: a human may have been asked beside the router's word."""
        return self._in_transaction(attempt_cleared, word.plan_id, word.digest) or word.attempt

    def _standing(self, conn: Any, word: Word) -> tuple[Standing, list[Stop]]:
        return self._standing_of(conn, word), in_force(conn)

    def _standing_of(self, conn: Any, word: Word) -> Standing:
        standing = standing_of(conn, word.plan_id, word.digest, store_moment(conn, self._now()))
        if standing.is_known or standing.why or not isinstance(word, PlanCleared):
            return standing
        owner = owners(conn, {word.plan_id}).get(word.plan_id)
        why = unseen_name(word) or (owner.objection(word) if owner else None)
        return Standing(False, why or "")

    def _note_stale(self, conn: Any, word: Word, why: str) -> None:
        note_stale(conn, [Stale(word.digest, why)], store_moment(conn, self._now()))

    def _renew(self, conn: Any, claim: Claim) -> bool:
        return renew_claim(conn, claim, store_moment(conn, self._now()), self._lease_s)

    def close(self) -> None:
        """Give the connections back."""
        self._store.dispose()

    def _claim(self, conn: Any, word: Word, step: Step) -> Claim:
        action = self._actions.get(step.action_type)
        return claim_effect(
            conn,
            word.plan_id,
            word.digest,
            step,
            self._executor,
            store_moment(conn, self._now()),
            window_key=effect_of(step, action) if action else None,
            idempotent=action.idempotent if action else False,
            lease_s=self._lease_s,
        )

    def _in_transaction(self, function: Callable[..., T], *arguments: Any) -> T:
        """Once more where PostgreSQL undid it for a gatekeeper's sake: what was done must not stay untold."""
        for _ in range(_DEADLOCKS):
            try:
                with self._store.begin() as conn:
                    return function(conn, *arguments)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                    raise
        with self._store.begin() as conn:
            return function(conn, *arguments)
