"""The store's effect ledger, for services that execute by themselves."""

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Engine

from gate_events.ids import effect_key
from gate_events.records import PlanCleared
from gate_events.values import Step
from gate_events.words import StepStatus
from gate_policy.catalogue import Catalogue
from gate_policy.effects import effect_of
from gate_store.claims import Claim, Grant
from gate_store.database import Clock
from gate_store.effect_keys import Content, keys_in_force
from gate_store.engine.port import NotClearedError
from gate_store.ledger import claim_effect, finish_effect
from producers.acting import Word

T = TypeVar("T")

LEASE_S = 60.0
PATIENCE_S = 60.0
_ASK_EVERY_S = 0.2

_log = logging.getLogger("plangate.verdicts")


class StepLedger(Protocol):
    """Says what may be done, and remembers what was done."""

    def key(self, word: Word, step: Step) -> UUID:
        """The idempotency key of a step, the same at every attempt."""

    def claim(self, word: Word, step: Step) -> Claim:
        """The claim of a step, durable before it is done; never BUSY. Raises NotClearedError."""

    def finish(
        self, word: Word, step: Step, claim: Claim, status: StepStatus, result: Any, detail: str
    ) -> None:
        """Make durable how a claimed step ended."""


class NoLedger:
    """Where no store is configured: every step may be done, under its idempotency key.

    Nothing remembers whether an earlier revision had other content under that key.
    """

    def key(self, word: Word, step: Step) -> UUID:
        """That of the step's first content."""
        return effect_key(word.plan_id, step.step_id)

    def claim(self, word: Word, step: Step) -> Claim:
        """Granted."""
        return Claim(self.key(word, step), Grant.GO)

    def finish(
        self, word: Word, step: Step, claim: Claim, status: StepStatus, result: Any, detail: str
    ) -> None:
        """Nothing remembers it but the outcome."""


class StoreLedger:
    """The rows of the gate store. `catalogue` tells which actions are idempotent, and their effect keys.

    A step that another process began stays its own for `lease_s` seconds. A plan that the router cleared may
    be heard of here before the gatekeeper has noted it: that is waited for, `patience_s` seconds.
    """

    def __init__(
        self,
        store: Engine,
        executor: str,
        now: Clock,
        catalogue: Catalogue | None = None,
        lease_s: float = LEASE_S,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._executor = executor
        self._now = now
        self._actions = catalogue.actions if catalogue else {}
        self._lease_s = lease_s
        self._patience_s = patience_s
        self._sleep = sleep

    def key(self, word: Word, step: Step) -> UUID:
        """The key of this content of the step: its own where the ledger saw other content first."""
        content = Content.of(word.plan_id, step)
        return self._in_transaction(keys_in_force, [content])[content]

    def claim(self, word: Word, step: Step) -> Claim:
        """Wait until the step is no longer another's, and claim it. Raises NotClearedError."""
        give_up = time.monotonic() + self._patience_s
        while True:
            try:
                claim = self._in_transaction(self._claim, word, step)
            except NotClearedError:
                if not isinstance(word, PlanCleared) or time.monotonic() > give_up:
                    raise
            else:
                if claim.grant is not Grant.BUSY:
                    return claim
            self._sleep(_ASK_EVERY_S)

    def finish(
        self, word: Word, step: Step, claim: Claim, status: StepStatus, result: Any, detail: str
    ) -> None:
        """Commit how the step ended."""

        def ended(conn: Any) -> bool:
            return finish_effect(
                conn, word.plan_id, step, claim, status, self._now(), result=result, detail=detail
            )

        if not self._in_transaction(ended):
            _log.warning("plan %s: step %s was settled by someone else", word.plan_id, step.step_id)

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
            self._now(),
            window_key=effect_of(step, action) if action else None,
            idempotent=action.idempotent if action else False,
            lease_s=self._lease_s,
        )

    def _in_transaction(self, function: Callable[..., T], *arguments: Any) -> T:
        with self._store.begin() as conn:
            return function(conn, *arguments)
