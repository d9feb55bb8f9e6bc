"""A step names the steps that must have begun before it."""

import json

import pytest
from msgspec.structs import replace

from gate_events.codec import decode, to_json
from gate_events.errors import UndecodableError
from gate_events.records import PlanProposed
from gate_events.values import Step
from tests.events.samples import SAMPLES, STEPS

LATE = Step(step_id="late", action_type="x", after=())


@pytest.mark.parametrize("after", [["late"], ["note"], ["nobody"]], ids=["later", "itself", "no step"])
def test_a_step_is_only_after_steps_that_stand_before_it(after: list[str]) -> None:
    plain = json.loads(to_json(replace(SAMPLES[0], steps=(*STEPS, LATE))))
    plain["steps"][1]["after"] = after
    said = f"step 'note' is after '{after[0]}', which does not stand before it in the plan; name step ids"
    with pytest.raises(UndecodableError, match=said):
        decode(json.dumps(plain).encode(), PlanProposed)
