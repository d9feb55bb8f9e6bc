"""Deterministic ids: UUIDv5 of an identity, so that a redelivery writes the same row.

The names below are frozen: changing one would make old and new workers disagree about what is the same.
"""

from uuid import NAMESPACE_URL, UUID, uuid5

from gate_events.values import RunIdentity
from gate_events.words import RequestKind, Timing

PLANGATE = uuid5(NAMESPACE_URL, "urn:plangate")


def derived(*parts: object) -> UUID:
    """Return the id of the thing that `parts` identify together."""
    return uuid5(PLANGATE, "\x1f".join(map(str, parts)))


def plan_id_of_pause(run: RunIdentity) -> UUID:
    """The plan id of a paused run: the same pause published twice is the same plan."""
    return derived("plan", run.graph, run.thread_id, run.checkpoint_ns, run.checkpoint_id, run.interrupt_id)


def request_id(
    plan_id: UUID, revision: int, kind: RequestKind, timing: Timing, step_id: str = "", attempt: int = 1
) -> UUID:
    """The gate's id; `attempt` counts how often the same question was asked (a verdict past its use-by)."""
    return derived("request", plan_id, revision, kind.value, timing.value, step_id, attempt)


def outcome_id(plan_id: UUID, digest: str, attempt: int = 1) -> UUID:
    """The event id of an outcome: one for each attempt at a plan as approved."""
    return derived("outcome", plan_id, digest, *([attempt] if attempt > 1 else []))


def proposal_id(plan_id: UUID) -> UUID:
    """The event id of what a run proposes at a pause, however often that is read."""
    return derived("proposed", plan_id)


def effect_key(plan_id: UUID, step_id: str) -> UUID:
    """The idempotency key of a step, for the first content of it that the ledger saw, in any revision."""
    return derived("effect", plan_id, step_id)


def key_in_force(plan_id: UUID, step_id: str, step_digest: str, first: str | None) -> UUID:
    """The idempotency key of a step's content. `first`: the digest of the first content seen, if any.

    Other content is another effect: under the same key a service would take it for done.
    """
    if first is None or first == step_digest:
        return effect_key(plan_id, step_id)
    return derived("effect", plan_id, step_id, step_digest)
