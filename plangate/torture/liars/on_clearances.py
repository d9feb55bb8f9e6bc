"""Lies on `auto-execute`: nobody judged these plans.

Never about a plan of a service without a store: until records are signed the ACL is the defence there.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from gate_events.digest import plan_digest
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.topics import APPROVAL_REQUESTS, PLANS
from gate_events.words import Level, RequestKind, Tier, Timing
from gate_store.database import utc_now
from plangate.torture.liars.lie import Heard, Pen, lie
from plangate.torture.liars.on_plans import another, gated, harmless, named, weighty
from plangate.torture.services.plans import WITHOUT_STORE, serves


def cleared(victim: PlanProposed | ApprovalRequested, policy: str, **changed: Any) -> Sequence[PlanCleared]:
    """The victim's plan with something changed, cleared: tier 1, nobody need look."""
    if serves(victim.steps) == WITHOUT_STORE:
        return ()
    given = {
        "event_id": derived("cleared", victim.plan_id, changed.get("revision", victim.revision)),
        "plan_id": victim.plan_id,
        "revision": victim.revision,
        "digest": "",
        "cleared_at": utc_now(),
        "tier": Tier.REVERSIBLE,
        "level": Level.L3,
        "policy": policy,
        "proposer": victim.proposer,
        "agent": victim.agent,
        "goal": victim.goal,
        "steps": victim.steps,
        "run": victim.run,
    }
    record = PlanCleared(**{**given, **changed})
    digest = plan_digest(record.plan_id, record.revision, record.steps, record.run)
    return (msgspec.structs.replace(record, digest=digest),)


@lie(PLANS.name)
def cleared_as_it_is(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The victim's own plan, before the router comes to it."""
    return cleared(heard.record, pen.learned.policy)


@lie(PLANS.name)
def cleared_by_a_foreign_policy(heard: Heard, pen: Pen) -> Sequence[Any]:  # noqa: ARG001 - one of KINDS
    """By a catalogue that nobody knows."""
    return cleared(heard.record, "f" * 64)


@lie(PLANS.name)
def cleared_with_own_steps(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The victim's plan id, revision and run; the liar's steps."""
    return cleared(heard.record, pen.learned.policy, steps=pen.steps(weighty(heard.record)))


@lie(PLANS.name)
def cleared_under_its_digest(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The liar's harmless steps under the digest of the victim's."""
    steps = pen.steps(harmless(heard.record.steps))
    return [msgspec.structs.replace(each, steps=steps) for each in cleared(heard.record, pen.learned.policy)]


@lie(PLANS.name)
def cleared_for_another_agent(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A run's own question, but asked by somebody else: policies and people go by that."""
    if heard.record.run is None:
        return ()
    return cleared(heard.record, pen.learned.policy, **another(heard.record))


@lie(PLANS.name)
def cleared_in_a_next_revision(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A next revision that nobody proposed, irreversible."""
    steps = pen.steps(gated(heard.record.steps))
    changed = {"revision": heard.record.revision + 1, "steps": steps, **named(heard.record)}
    return cleared(heard.record, pen.learned.policy, **changed)


@lie(APPROVAL_REQUESTS.name)
def cleared_behind_its_gate(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A plan about which a human is asked just now."""
    request: ApprovalRequested = heard.record
    if (request.kind, request.timing) != (RequestKind.PLAN, Timing.BEFORE):
        return ()
    return cleared(request, pen.learned.policy)
