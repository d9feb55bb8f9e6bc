"""The samples with what only the next version of the contracts has."""

from typing import Any

from msgspec.structs import replace

from gate_events import records, values, words
from tests.events.samples import DIGEST, MORNING, REVIEW, SAMPLES, STEPS

SIGNATURE = "ed25519:AAAA"
EVIDENCE = {"confirmed": 200, "of": 200}
LATE = values.Step(step_id="late", action_type="x", after=())
ORDERED = (STEPS[0], replace(STEPS[1], after=("mail-1",)), LATE)
USED = replace(REVIEW, groups=(replace(REVIEW.groups[0], used=("to",)),))

NEXT: dict[type[Any], dict[str, Any]] = {
    records.PlanProposed: {"steps": ORDERED, "signature": SIGNATURE},
    records.PlanCleared: {
        "steps": ORDERED,
        "review": USED,
        "attempt": 2,
        "evidence": EVIDENCE,
        "signature": SIGNATURE,
    },
    records.ApprovalRequested: {
        "steps": ORDERED,
        "review": USED,
        "evidence": EVIDENCE,
        "review_digest": DIGEST,
        "signature": SIGNATURE,
    },
    records.DecisionMade: {
        "kind": words.DecisionKind.GRANT,
        "decider": words.DeciderKind.SUBSTITUTE,
        "steps": ORDERED,
        "review_digest": DIGEST,
        "seen_at": MORNING,
        "patch": [{"op": "replace", "path": "/amount", "value": 1}],
        "rejected_step_ids": ("note",),
        "on_behalf_of": "eva",
        "signature": SIGNATURE,
    },
    records.PlanDecided: {
        "steps": ORDERED,
        "resolution": words.Resolution.RETRY,
        "policy": DIGEST,
        "attempt": 3,
        "review_digest": DIGEST,
        "seen_at": MORNING,
        "signature": SIGNATURE,
    },
    records.PlanExecuted: {"status": words.OutcomeStatus.BEGUN, "attempt": 2, "signature": SIGNATURE},
    records.IncidentReported: {"kind": "CANARY", "signature": SIGNATURE},
    records.AutonomyChanged: {"evidence": EVIDENCE, "signature": SIGNATURE},
}
NEXT_SAMPLES: tuple[Any, ...] = tuple(replace(each, **NEXT.get(type(each), {})) for each in SAMPLES)
