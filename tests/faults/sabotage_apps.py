"""Apps that lack one defence against liars: `python -m tests.faults.sabotage_apps`, as tests.faults.sabotage.

For tests of the laboratory alone. No shipped code imports this.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from gate_store import judging, objections, plan_claims
from gate_store.plan_claims import Claim
from gate_store.plan_owners import PlanRecord
from plangate.torture import apps_child
from stream_apps.gatekeeper.own_judgement import OwnJudgement
from tests.faults.sabotage import GUARD, put

KNOWN = plan_claims._Known


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


def no_judgement() -> None:
    """What the router says is the gatekeeper's word."""
    put(OwnJudgement, "_take", believing)


def believing(self: OwnJudgement, claim: Claim, moment: Any) -> None:
    """Take it as it came."""
    del moment
    record: PlanRecord = claim.record
    is_clearance = type(record).__name__ == "PlanCleared"
    (self.judged.cleared if is_clearance else self.judged.requests).append(record)  # type: ignore[arg-type] # sorted by type


def no_clock() -> None:
    """Whoever says that he is the clock or the gate is."""
    put(judging, "disproof", lambda *_: None)


def no_id_of_the_clock() -> None:
    """A refused decision occupies the id of the clock's own word."""
    put(judging, "takes_our_id", lambda _: None)


def no_names() -> None:
    """Names are compared letter by letter, and only the proposer's."""
    put(objections, "same_name", lambda one, other: one == other)
    put(objections, "name_key", lambda name: name)
    put(objections, "unprintable", lambda _: ())


SABOTAGES: dict[str, Callable[[], None]] = {
    "question of the run": no_question_of_the_run,
    "owner": no_owner,
    "gate before a clearance": no_gate_before_a_clearance,
    "question of ours": no_question_of_ours,
    "judgement": no_judgement,
    "clock": no_clock,
    "id of the clock": no_id_of_the_clock,
    "names": no_names,
}


if __name__ == "__main__":
    SABOTAGES[os.environ[GUARD]]()
    sys.exit(apps_child.main())
