"""Lies on `plans`: somebody else's run, plan id or revision."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gate_events.ids import derived, plan_id_of_pause
from gate_events.records import PlanProposed
from gate_events.topics import PLANS
from gate_events.values import Agent, RunIdentity, Step
from gate_store.database import utc_now
from plangate.torture.liars.lie import LIAR, Heard, Pen, lie
from plangate.torture.services.plans import GATED, HARMLESS, plan_id, serves

LAST = 2**31 - 1
AHEAD = 3  # so many of the services' plans a liar is before their proposers


def proposal(victim: PlanProposed, **changed: Any) -> PlanProposed:
    """The victim's proposal with something changed, under the id that a true one would have."""
    plan = msgspec.structs.replace(victim, proposed_at=utc_now(), **changed)
    name = derived("proposed", plan.plan_id, plan.revision)
    return msgspec.structs.replace(plan, event_id=name)


def harmless(steps: Sequence[Step]) -> str:
    """A tier-1 action that whoever carries out these steps carries out too."""
    return HARMLESS.get(serves(steps), "note")


def gated(steps: Sequence[Step]) -> str:
    """A tier-3 action of theirs."""
    return GATED.get(serves(steps), "wire")


def weighty(victim: PlanProposed) -> str:
    """What he puts in the place of a plan's content: harmless of a run's, which only its question answers.

    Of a service's plan, whose first record counts, something that must be asked.
    """
    return harmless(victim.steps) if victim.run else gated(victim.steps)


def _with_run(heard: Heard, pen: Pen, steps: Sequence[Step]) -> Sequence[Any]:
    victim: PlanProposed = heard.record
    if victim.run is None:
        return ()
    own = {"plan_id": pen.plan_id, "proposer": LIAR, "agent": Agent(name=LIAR), "revision": 1}
    return (proposal(victim, **own, steps=tuple(steps)),)


@lie(PLANS.name)
def run_in_a_harmless_plan(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A tier-1 plan of his own that names the victim's paused run."""
    return _with_run(heard, pen, pen.steps("note"))


@lie(PLANS.name)
def run_in_an_empty_plan(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A plan without steps that names the victim's paused run."""
    return _with_run(heard, pen, ())


@lie(PLANS.name)
def run_in_a_gated_plan(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A tier-3 plan of his own that names the victim's paused run."""
    return _with_run(heard, pen, pen.steps("wire"))


def named(victim: Any) -> dict[str, Any]:
    """As whom he revises the victim's plan.

    The proposer of a run's plan is no secret, and need not be believed. A service's next revision in its
    proposer's own name is a claim that nothing but a signature refutes: there he speaks as himself.
    """
    return {} if victim.run else {"proposer": LIAR, "agent": Agent(name=LIAR)}


def another(victim: Any) -> dict[str, Any]:
    """Proposer, agent and goal of his own: no digest covers them."""
    return {"proposer": LIAR, "agent": Agent(name=LIAR), "goal": f"not to {victim.goal}"}


def _revision(heard: Heard, pen: Pen, revision: int, action: str) -> Sequence[Any]:
    victim: PlanProposed = heard.record
    if victim.proposer == LIAR:
        return ()
    return (proposal(victim, revision=revision, steps=pen.steps(action), **named(victim)),)


@lie(PLANS.name)
def next_revision(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A harmless next revision of the victim's plan."""
    return _revision(heard, pen, heard.record.revision + 1, harmless(heard.record.steps))


@lie(PLANS.name)
def next_revision_gated(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A next revision of the victim's plan that must be asked."""
    return _revision(heard, pen, heard.record.revision + 1, gated(heard.record.steps))


@lie(PLANS.name)
def third_revision(heard: Heard, pen: Pen) -> Sequence[Any]:
    """Not even the next one."""
    return _revision(heard, pen, heard.record.revision + 2, harmless(heard.record.steps))


@lie(PLANS.name)
def last_revision(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The last that can be counted, in the proposer's own name: no other could follow."""
    return (proposal(heard.record, revision=LAST, steps=pen.steps(gated(heard.record.steps))),)


@lie(PLANS.name)
def same_revision_with_other_content(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The victim's plan id and revision, the proposer's own name, and other steps."""
    return (proposal(heard.record, steps=pen.steps(weighty(heard.record))),)


@lie(PLANS.name)
def later_checkpoint(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A pause of the victim's thread that sorts behind every real one."""
    run: RunIdentity | None = heard.record.run
    if run is None:
        return ()
    later = msgspec.structs.replace(run, checkpoint_id=pen.dice.choice(("~", "zzzz")))
    pause = {"plan_id": plan_id_of_pause(later), "run": later, "revision": 1}
    return (proposal(heard.record, **pause, steps=pen.steps(pen.dice.choice(("wire", "note")))),)


@lie(PLANS.name)
def plan_id_sent_first(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The id of a service's plan that is yet to come, if ids can be foreseen. His own steps, his own name."""
    victim: PlanProposed = heard.record
    if victim.run is not None:
        return ()
    known = pen.learned
    first = plan_id(known.seed, known.service_plans + AHEAD)
    own = {"plan_id": first, "proposer": LIAR, "agent": Agent(name=LIAR), "revision": 1}
    return (proposal(victim, **own, steps=pen.steps(gated(victim.steps))),)
