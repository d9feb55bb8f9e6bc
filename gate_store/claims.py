"""What the effect ledger says about a step that a service wants to do. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

BEFORE_RESTORE = "an executor before the restore"
"""Who may have begun what a restored store does not know of, in the place of a name."""


class EffectState(StrEnum):
    """An effect in the ledger. RETRY: it was in doubt, and a human lets it be tried again."""

    CLAIMED = "CLAIMED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"
    RETRY = "RETRY"


class Grant(StrEnum):
    """GO: do it now. SUCCEEDED: it is done, here is its result. FAILED: it was tried and is not repeated.

    BUSY: another is at it; come again. IN_DOUBT: nobody knows whether it happened; a human is asked.
    """

    GO = "GO"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    BUSY = "BUSY"
    IN_DOUBT = "IN_DOUBT"


@dataclass(frozen=True, slots=True)
class Claim:
    """The ledger's answer. `key` is the idempotency key; `token` ends a claim that was granted."""

    key: UUID
    grant: Grant
    token: int = 0
    result: Any = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """An effect that was begun before."""

    state: EffectState
    executor: str
    claimed_at: datetime
    result: Any
    detail: str
    lease_until: datetime | None = None  # as whoever claimed it last renewed it
    token: int = 0


def grant_again(begun: Begun, now: datetime, lease_s: float, *, idempotent: bool) -> Grant:
    """Whether a step begun before may be done (again)."""
    match begun.state:
        case EffectState.SUCCEEDED:
            return Grant.SUCCEEDED
        case EffectState.RETRY:
            return Grant.GO
        case EffectState.FAILED:
            return Grant.GO if idempotent else Grant.FAILED
        case EffectState.IN_DOUBT:
            return Grant.IN_DOUBT  # a human has the word, also about an idempotent one
        case EffectState.CLAIMED:
            if idempotent:
                return Grant.GO
            until = begun.lease_until or begun.claimed_at + timedelta(seconds=lease_s)
            return Grant.BUSY if now < until else Grant.IN_DOUBT
    assert_never(begun.state)
