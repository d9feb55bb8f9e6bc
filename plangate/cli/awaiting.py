"""Waits until somebody has taken a submitted plan, and says how far it came."""

import time

from gate_events.shown import quoted, shown
from gate_events.topics import PLANS
from gate_events.verdict_words import sentence_on
from gate_events.words import GateState
from gate_store.database import utc_now
from gate_store.heartbeats import GATEKEEPER, ROUTER, heard
from gate_store.queued_plans import QUEUED
from gate_store.whereabouts import Hop, PlanState, Whereabouts, whereabouts
from plangate.cli.failures import CommandError
from plangate.cli.stores import reading
from plangate.kafka.backlog import backlog
from plangate.settings import Settings
from producers.planning import Submitted

_LOOK_S = 0.1
_NEITHER = "nothing is lost, and the same submit looks again"
_WHO_HAS_IT = {
    Hop.KAFKA: (
        "is in the store and not on Kafka yet",
        "see that `plangate worker` runs and Kafka answers: `plangate doctor` tells",
    ),
    Hop.ROUTER: (
        "is published, and neither the router nor the gatekeeper behind it has taken it",
        "see that `plangate worker` runs: `plangate doctor` tells",
    ),
    Hop.GATEKEEPER: (
        "is published, and no gatekeeper has taken it",
        "see that `plangate worker` runs, the gatekeeper too: `plangate doctor` tells",
    ),
}


class NotTakenError(CommandError):
    """A plan was published and not taken: {problem}; {mend}."""

    exit_code = 3


class PlanRefusedError(CommandError):
    """A plan is a dead letter: {problem}; {mend}."""

    exit_code = 4


def where_it_stands(settings: Settings, submitted: Submitted, wait_s: float) -> Whereabouts:
    """How far the plan came, looked at for up to `wait_s` while nobody has taken it."""
    if submitted.plan_id is None:
        return Whereabouts(PlanState.ENDED)
    until = time.monotonic() + wait_s
    with reading(settings) as conn:
        while True:
            found = whereabouts(conn, submitted.thread_id, submitted.plan_id)
            conn.rollback()  # on SQLite it held the one lock
            if found.state is not PlanState.PUBLISHED or time.monotonic() >= until:
                return found
            time.sleep(_LOOK_S)


def hop_behind(settings: Settings, found: Whereabouts) -> Whereabouts:
    """Of a plan that is published: whether it waits for the gatekeeper, as heartbeats and Kafka tell us."""
    working = _working(settings)
    if found.hop is not Hop.ROUTER or ROUTER not in working:
        return found
    if GATEKEEPER not in working or backlog(settings, ROUTER, PLANS) == 0:
        return Whereabouts(found.state, hop=Hop.GATEKEEPER)
    return found


def _working(settings: Settings) -> set[str]:
    with reading(settings) as conn:
        return {each.part for each in heard(conn, utc_now()) if each.does_its_part}


def in_words(submitted: Submitted, found: Whereabouts) -> str:
    """For people. Raises NotTakenError, PlanRefusedError, CommandError for what is not well."""
    run, plan, gate = f"run {submitted.thread_id}", submitted.plan_id, found.gate_id
    match found.state:
        case PlanState.OPEN:
            return f"{run} waits at gate {gate}; its plan is {plan}"
        case PlanState.QUEUED:
            return f"{run} waits: {QUEUED}; its plan is {plan}"
        case PlanState.DECIDED:
            return f"{_decided(found)}{run} was decided on at gate {gate}; its plan is {plan}"
        case PlanState.CLEARED:
            return f"{run} goes on without a gate: its plan {plan} needed none"
        case PlanState.ENDED:
            ended = f"{_decided(found)}{run} has ended; its plan was {plan}"
            return ended if plan else f"{run} ended without a gate"
        case PlanState.PUBLISHED:
            return f"{run} is paused; its plan {plan} is on its way"
        case PlanState.REFUSED:
            problem = f"plan {plan} of {run} was refused: {shown(found.why)}"
            raise PlanRefusedError(problem, "it is a dead letter, and its run waits")
        case PlanState.FAILED:
            raise CommandError(f"{run} has failed: {quoted(found.why)}", "`plangate show` tells more")


def _decided(found: Whereabouts) -> str:
    """First that nothing was executed; an approved plan is being executed, or was."""
    if found.decided in (None, GateState.APPROVED):
        return ""
    return f"{sentence_on(found.decided, again=found.again)} "


def not_taken(submitted: Submitted, found: Whereabouts, waited_s: float) -> NotTakenError:
    """That nobody has taken a plan, and whose turn it is."""
    where, mend = _WHO_HAS_IT[found.hop or Hop.ROUTER]
    problem = f"plan {submitted.plan_id} of run {submitted.thread_id} {where} after {waited_s:g} s"
    return NotTakenError(problem, f"{mend}; {_NEITHER}")
