"""No name goes out that nobody can read."""

import pytest

from gate_events.errors import UnencodableError
from gate_events.words import DecisionKind
from producers.decisions import decide
from producers.gate import question_of_plan
from producers.plan import Plan
from producers.plans import proposal
from tests.store.examples import NOON, asked, plan_id

STEPS = [{"action_type": "a"}]


class Silent:
    """A voice that must not be used."""

    def send(self, record: object) -> None:
        raise AssertionError(record)


@pytest.mark.parametrize("mark", ["\u200b", "\u202e", "\u3164", "\u2800", "\u00ad"])
def test_a_name_with_what_nobody_sees_is_refused_before_it_is_sent(mark: str) -> None:
    named = f"U\\+{ord(mark):04X}.*leave it out"
    with pytest.raises(UnencodableError, match=f"decided_by.*{named}"):
        decide(Silent(), asked(), DecisionKind.APPROVE, by=f"e{mark}va")
    for plan, field in (
        (Plan(STEPS, agent=f"bil{mark}ler"), "agent.name"),
        (Plan(STEPS, proposer=f"bil{mark}ling"), "proposer"),
    ):
        with pytest.raises(UnencodableError, match=f"{field}.*{named}"):
            proposal(plan, plan_id(), 1, lambda: NOON)
        with pytest.raises(UnencodableError, match=f"{field}.*{named}"):
            question_of_plan(plan)
