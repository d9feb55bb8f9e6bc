"""Router records a second, beside a bare confluent-kafka loop and an empty Faust agent."""

from datetime import UTC, datetime
from uuid import UUID

from benchmarks.speed.records import Count, messages, send_all, times_of
from benchmarks.speed.stage import Stage, rate_of, until
from gate_events.ids import derived
from gate_events.records import PlanProposed
from gate_events.values import Agent, Step
from plangate.dev import topics

_LOOPS = "benchmarks.speed.plain_router"
_OUTPUTS = ("auto-execute", "approval-requests")
_STEPS = 4


def measure(stage: Stage, count: int) -> dict[str, float]:
    """Records a second of all three over the same topic of 1 kB plans, half of them held."""
    send_all(stage, messages(stage, (_plan(number) for number in range(count))))
    plans, target = stage.topic("plans"), stage.topic("bare")
    topics.create(stage.machine.kafka.client_options, [target], 6)
    bare = rate_of(_LOOPS, "bare", plans, target, str(count))
    empty = rate_of(_LOOPS, "faust", plans, target, str(count))
    return {"bare": bare, "empty_faust": empty, "router": _router(stage, count)}


def _router(stage: Stage, count: int) -> float:
    """From the first record that it produced to the last."""
    with stage.workers("--only", "router"):
        routed = Count(stage, *_OUTPUTS)
        until("routing", lambda: routed.now() >= count, every_s=0.25)
    times = times_of(stage, *_OUTPUTS)
    assert len(times) == count, f"{len(times)} of {count} plans were routed"
    return count / (times[-1] - times[0])


def _plan(number: int) -> PlanProposed:
    plan_id: UUID = derived("speed-router", number)
    action = "write_to" if number % 2 else "look_up"
    return PlanProposed(
        event_id=derived("proposed", plan_id),
        plan_id=plan_id,
        proposed_at=datetime.now(UTC),
        proposer="speed",
        agent=Agent(name="speed", model="none", prompt_version="1"),
        goal="Follow up on an invoice that has been open for longer than it should be",
        steps=tuple(_step(number, place, action) for place in range(_STEPS)),
    )


def _step(number: int, place: int, action: str) -> Step:
    return Step(
        step_id=f"s{place + 1}",
        action_type=action,
        arguments={
            "customer": f"customer-{number:06}-{place}",
            "invoice": f"invoice-{number:06}-{place}",
            "note": "The invoice was due last month; the customer asked for more time and said why. " * 2,
        },
    )
