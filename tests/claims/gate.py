"""A gatekeeper's transactions on records that anybody may have written."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from gate_events.digest import plan_digest
from gate_events.ids import plan_id_of_pause, proposal_id
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.values import Agent, RunIdentity, Step
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store import outbox
from gate_store.tables import clearances, gates
from stream_apps.gatekeeper.commit import Committed, commit_batch
from tests.store.acting import paused
from tests.store.examples import NOON, plan_id, run

CATALOGUE = load_catalogue("""
version: 1
mode: tiered
defaults: {deadline: 8h, use_by: 1h}
actions:
  look: {tier: REVERSIBLE, says: "Look at {{ what }}", arguments: [what]}
  pay: {tier: IRREVERSIBLE, says: "Pay {{ what }}", arguments: [what]}
  mail:
    tier: REVERSIBLE
    says: "Mail {{ to }}"
    arguments: [to]
    effect: {key: "mail:{{ to }}", window: 24h}
""")


def step(action: str = "look", number: int = 1, **arguments: Any) -> Step:
    return Step(step_id=f"s{number}", action_type=action, arguments=arguments or {"what": "invoice 17"})


def proposed(*steps: Step, name: object = "plan", **changes: Any) -> PlanProposed:
    plan = PlanProposed(
        event_id=plan_id(f"{name} proposed"),
        plan_id=plan_id(name),
        proposed_at=NOON,
        proposer="billing-service",
        agent=Agent(name="biller"),
        goal="remind",
        steps=steps or (step(),),
    )
    return msgspec.structs.replace(plan, **changes)


def of_run(*steps: Step, thread: str = "t1", **changes: Any) -> PlanProposed:
    at: RunIdentity = run(thread)
    return proposed(*steps, plan_id=plan_id_of_pause(at), run=at, **changes)


def routed(plan: PlanProposed) -> PlanCleared | ApprovalRequested:
    return route(plan, CATALOGUE, now=NOON)


def asked(plan: PlanProposed) -> ApprovalRequested:
    record = routed(plan)
    assert isinstance(record, ApprovalRequested)
    return record


def cleared(plan: PlanProposed) -> PlanCleared:
    """As a router clears it, whatever it should have done."""
    digest = plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)
    harmless = route(proposed(), CATALOGUE, now=NOON)
    assert isinstance(harmless, PlanCleared)
    return msgspec.structs.replace(
        harmless,
        event_id=plan_id(f"{digest} cleared"),
        plan_id=plan.plan_id,
        revision=plan.revision,
        digest=digest,
        proposer=plan.proposer,
        agent=plan.agent,
        goal=plan.goal,
        steps=plan.steps,
        run=plan.run,
    )


def waits(conn: Connection, plan: PlanProposed) -> ApprovalRequested | PlanCleared:
    """Its run paused at it; what the router makes of it."""
    record = routed(plan)
    paused(conn, record)
    outbox.put(conn, [msgspec.structs.replace(plan, event_id=proposal_id(plan.plan_id))], NOON)
    return record


def commit(conn: Connection, *records: Any) -> Committed:
    return commit_batch(conn, records, CATALOGUE, NOON)


def refusals(committed: Committed) -> list[str]:
    return [committed.refused[place] for place in sorted(committed.refused)]


def open_questions(conn: Connection) -> Sequence[Any]:
    query = select(gates.c.gate_id, gates.c.digest, gates.c.attempt).where(gates.c.state == "PENDING")
    return conn.execute(query.order_by(gates.c.requested_at, gates.c.attempt)).all()


def may_run(conn: Connection) -> set[str]:
    return set(conn.execute(select(clearances.c.digest)).scalars())
