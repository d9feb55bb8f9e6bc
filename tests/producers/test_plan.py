import pytest

from gate_events import values
from gate_events.errors import UnencodableError
from gate_events.words import Tier
from plangate import Agent, Plan, Step


def test_steps_are_numbered_by_their_place() -> None:
    plan = Plan(goal="remind", steps=[Step("send_email", {"to": "a"}), Step("write_log")])
    assert [step.step_id for step in plan.steps] == ["s1", "s2"]
    assert plan == Plan(goal="remind", steps=[Step("send_email", {"to": "a"}), Step("write_log")])


def test_an_id_of_ones_own_is_kept() -> None:
    plan = Plan(steps=[Step("send_email", step_id="mail-to-ann"), {"action_type": "write_log"}])
    assert [step.step_id for step in plan.steps] == ["mail-to-ann", "s2"]


def test_steps_may_be_records_or_dicts() -> None:
    record = values.Step(step_id="x", action_type="send_email", claimed_tier=Tier.IRREVERSIBLE)
    plan = Plan(steps=[record, {"action_type": "write_log", "arguments": {"n": 1}}])
    assert plan.steps == (
        Step("send_email", step_id="x", claimed_tier=Tier.IRREVERSIBLE),
        Step("write_log", {"n": 1}, "s2"),
    )


def test_a_plan_survives_a_state_of_plain_json() -> None:
    plan = Plan([Step("a", {"n": [1, None]})], "why", Agent(name="billing", model="m"), "ann")
    assert Plan.from_dict(plan.to_dict()) == plan


def test_two_steps_of_one_id_are_refused() -> None:
    with pytest.raises(UnencodableError, match=r"step_id 's2' stands 2 times; give each its own"):
        Plan(steps=[Step("a", step_id="s2"), Step("b")])


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"action_type": ""}, "length >= 1 - at `$.action_type`"),
        ({"action": "a"}, "unknown field `action`"),
        ({"action_type": "a", "arguments": [1]}, "Expected `object`, got `array` - at `$.arguments`"),
        ({"action_type": "a", "claimed_tier": "HIGH"}, "Invalid enum value 'HIGH' - at `$.claimed_tier`"),
    ],
)
def test_a_malformed_step_names_its_field(step: dict[str, object], words: str) -> None:
    with pytest.raises(UnencodableError, match="step s1") as caught:
        Plan(steps=[step])
    assert words in str(caught.value)


def test_a_dict_that_is_no_plan_says_what_a_plan_has() -> None:
    with pytest.raises(UnencodableError, match="unknown field 'stages'; a plan has goal, steps"):
        Plan.from_dict({"stages": []})
    with pytest.raises(UnencodableError, match="steps are missing"):
        Plan.from_dict({"goal": "x"})


def test_a_step_waits_for_those_that_it_names_and_unnamed_for_all_before_it() -> None:
    plan = Plan([Step("a"), Step("b"), Step("c", after=("s1",))])
    assert [step.to_value().after for step in plan.steps] == [None, None, ("s1",)]
    assert Plan.from_dict(plan.to_dict()) == plan


def test_in_a_plan_without_order_a_step_waits_for_those_alone_that_it_names() -> None:
    plan = Plan([Step("a"), Step("b"), Step("c", after=("s1",))], ordered=False)
    assert [step.after for step in plan.steps] == [(), (), ("s1",)]
    assert Plan.from_dict(plan.to_dict()) == plan
    assert Plan.from_dict({"steps": [{"action_type": "a"}], "ordered": False}).steps[0].after == ()


@pytest.mark.parametrize("after", ["s2", "s3", "nobody"])
def test_a_step_is_after_no_step_that_does_not_stand_before_it(after: str) -> None:
    with pytest.raises(
        UnencodableError, match=f"step 's2' is after '{after}', which does not stand before it"
    ):
        Plan([Step("a"), Step("b", after=(after,)), Step("c")])
