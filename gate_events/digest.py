"""What was seen is what runs: SHA-256 over RFC 8785 canonical JSON."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import rfc8785

from gate_events.canonical import canonical
from gate_events.errors import UnencodableError
from gate_events.values import Review, RunIdentity, Step

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MEND = "use strings for numbers beyond 2^53 and for what JSON has no word for, nest less deeply"


def _sha256(what: str, value: Any) -> str:
    try:
        return hashlib.sha256(canonical(value)).hexdigest()
    except rfc8785.IntegerDomainError:  # it quotes the number, which may be a secret
        raise UnencodableError(what, f"no canonical JSON: a number is beyond 2^53; {_MEND}") from None
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise UnencodableError(what, f"no canonical JSON: {error}; {_MEND}") from error


def _content(step: Step) -> dict[str, Any]:
    content = {"step_id": step.step_id, "action_type": step.action_type, "arguments": step.arguments}
    # only where it is said, so that a plan that says nothing of it keeps its digest
    return content if step.after is None else {**content, "after": step.after}


def plan_digest(plan_id: UUID, revision: int, steps: Iterable[Step], run: RunIdentity | None) -> str:
    """Digest of plan id, revision, steps and run identity, 64 hex digits.

    Raises UnencodableError where an argument has no canonical JSON (a number beyond 2^53, NaN, a lone
    surrogate, more than 100 levels).
    """
    content = {
        "plan_id": str(plan_id),
        "revision": revision,
        "steps": [_content(step) for step in steps],
        "run": msgspec.to_builtins(run),
    }
    return _sha256("plan", content)


def step_digest(plan_id: UUID, step: Step) -> str:
    """Digest of one step of one plan: what the effect ledger compares at the effect."""
    return _sha256(f"step {step.step_id}", {"plan_id": str(plan_id), **_content(step)})


def review_digest(review: Review) -> str:
    """Digest of what a reviewer is shown: sentences, findings, reasons and terms, 64 hex digits.

    `deadline` is its microseconds since 1970, as text: some are beyond 2^53. Raises UnencodableError for
    lone surrogates.
    """
    content = msgspec.to_builtins(review)
    content["terms"]["deadline"] = str((review.terms.deadline - _EPOCH) // timedelta(microseconds=1))
    return _sha256("review", content)
