"""A plan in a name that nobody can read is judged by nobody."""

import msgspec
import pytest

from gate_events.values import Agent
from gate_policy.errors import UnjudgeablePlanError
from gate_policy.judge import judge
from tests.policy.plans import NOW, office, plan, step


@pytest.mark.parametrize("name", ["bil\u200bler", "\u202ebiller", "bil\u3164ler"])
def test_an_unreadable_proposer_or_agent_makes_a_plan_unjudgeable(name: str) -> None:
    proposed = plan(step("s1", "note", text="x"))
    for field, changed in (("proposer", {"proposer": name}), ("agent.name", {"agent": Agent(name=name)})):
        with pytest.raises(UnjudgeablePlanError, match=f"{field}: .*U\\+.*leave it out"):
            judge(msgspec.structs.replace(proposed, **changed), office(), now=NOW)
