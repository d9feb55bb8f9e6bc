"""Apps that lack defences against liars: `python -m tests.faults.sabotage_apps`, as tests.faults.sabotage.

TORTURE_SABOTAGE may name several, joined by " + ". For tests of the laboratory alone. No shipped code imports
this.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from gate_store import cleared_plans, deciding, judging, objections, plan_claims, reviewers
from gate_store.cleared_plans import ClearedPlan
from gate_store.docket import Recorded
from gate_store.plan_claims import PlanClaim
from gate_store.plan_owners import PlanRecord
from plangate.torture import apps_child
from stream_apps.dead_letters import DeadLetters
from stream_apps.eager_consumer import FetchingThread
from stream_apps.gatekeeper.own_judgement import OwnJudgement
from stream_apps.router.routing import Routing
from tests.faults.sabotage import GUARD, put

KNOWN = plan_claims.KnownPlans


def no_question_of_the_run() -> None:
    """Whatever names a run answers it."""
    put(KNOWN, "not_the_runs", lambda *_: None)


def no_owner() -> None:
    """A plan id is everybody's."""
    put(KNOWN, "not_the_owners", lambda *_: None)
    put(KNOWN, "is_early", lambda *_: False)


def no_gate_before_a_clearance() -> None:
    """A human was asked, and yet it is cleared."""
    put(KNOWN, "stricter", lambda *_: None)
    put(OwnJudgement, "_take", believing)


def no_question_of_ours() -> None:
    """Anybody asks about doubts, asks again and asks afterwards."""
    put(KNOWN, "not_asked", lambda *_: None)


def no_other_words() -> None:
    """Of a plan that was cleared the first words stay, though nobody has begun."""
    put(plan_claims, "cleared_otherwise", lambda *_: {})


def no_judgement() -> None:
    """What the router says is the gatekeeper's word."""
    put(OwnJudgement, "_take", believing)


def believing(self: OwnJudgement, claim: PlanClaim, moment: Any) -> None:
    """Take it as it came."""
    del moment
    record: PlanRecord = claim.record
    is_clearance = type(record).__name__ == "PlanCleared"
    (self.judged.cleared if is_clearance else self.judged.requests).append(record)  # type: ignore[arg-type] # sorted by type


def no_own_content() -> None:
    """A record's digest is what it says it is."""
    put(plan_claims, "other_content", lambda _: None)


def no_own_id() -> None:
    """A question has whatever id it says."""
    put(plan_claims, "foreign_id", lambda _: None)


def no_proposer() -> None:
    """Who proposed a run's plan, for whom and why, is what anybody says."""
    put(KNOWN, "_otherwise", lambda *_: None)


def no_look_of_the_routers() -> None:
    """The router clears whatever the catalogue would, whoever proposed it."""
    put(Routing, "_objection", lambda *_: None)


def no_right() -> None:
    """Whoever decides may."""
    without_objection("_may_speak")


def no_digest_of_a_decision() -> None:
    """A decision about something else decides."""
    without_objection("_speaks_of_what_is_asked")


def without_objection(name: str) -> None:
    """Decisions are not held against this one."""
    put(objections, name, getattr(objections, name))
    kept = tuple(each for each in objections.OBJECTIONS if each.__name__ != name)
    assert len(kept) == len(objections.OBJECTIONS) - 1, f"{name} is asked of nothing"
    put(deciding, "OBJECTIONS", kept)


def no_moment_of_an_outcome() -> None:
    """What was told before its plan was cleared counts."""
    put(ClearedPlan, "_was_early", lambda *_: False)


def no_attempt_of_an_outcome() -> None:
    """An attempt that was never cleared has an outcome."""
    put(ClearedPlan, "never_cleared", lambda *_: None)


def no_store_of_a_run() -> None:
    """Anybody tells what became of a run's plan."""
    put(ClearedPlan, "_unlike_ledger", lambda *_: None)
    put(cleared_plans, "_runs_that_go_on", lambda *_: set())


def no_clock() -> None:
    """Whoever says that he is the clock or the gate is."""
    put(judging, "disproof", lambda *_: None)


def no_id_of_the_clock() -> None:
    """A refused decision occupies the id of the clock's own word."""
    put(judging, "takes_our_id", lambda _: None)


def no_own_row() -> None:
    """What was refused keeps its id from what comes under it later."""
    put(Recorded, "occupies", True)


def no_names() -> None:
    """Names are compared letter by letter, and only the proposer's."""
    for owner in (objections, reviewers):
        put(owner, "same_name", lambda one, other: one == other)
    put(reviewers, "name_key", lambda name: name)
    put(objections, "fault_of_name", lambda _: "")


def no_committed_records() -> None:
    """What its sender took back counts."""
    make = FetchingThread._create_worker_consumer

    def reading_all(self: FetchingThread, transport: Any) -> Any:
        consumer = make(self, transport)
        consumer._isolation_level = "read_uncommitted"
        return consumer

    put(FetchingThread, "_create_worker_consumer", reading_all)


def no_dead_letters() -> None:
    """What cannot be read is passed over in silence."""
    put(DeadLetters, "bury", lambda _self, received, _error: received.ack())


SABOTAGES: dict[str, Callable[[], None]] = {
    "own content": no_own_content,
    "own id": no_own_id,
    "proposer": no_proposer,
    "router's look": no_look_of_the_routers,
    "right": no_right,
    "digest of a decision": no_digest_of_a_decision,
    "moment of an outcome": no_moment_of_an_outcome,
    "attempt of an outcome": no_attempt_of_an_outcome,
    "store of a run": no_store_of_a_run,
    "question of the run": no_question_of_the_run,
    "owner": no_owner,
    "gate before a clearance": no_gate_before_a_clearance,
    "question of ours": no_question_of_ours,
    "judgement": no_judgement,
    "other words of a clearance": no_other_words,
    "clock": no_clock,
    "id of the clock": no_id_of_the_clock,
    "own row": no_own_row,
    "names": no_names,
    "committed records": no_committed_records,
    "dead letters": no_dead_letters,
}


if __name__ == "__main__":
    for guard in os.environ[GUARD].split(" + "):
        SABOTAGES.get(guard, lambda: None)()  # the others' processes lack the others
    sys.exit(apps_child.main())
