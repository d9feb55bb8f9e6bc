"""An agent's fingerprint is its own: no two agents share one, however their parts read when joined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.values import Agent

PARTS = st.none() | st.text(st.sampled_from("a1:-\x1f"), max_size=4)
NAMES = st.text(st.sampled_from("a1:-"), min_size=1, max_size=4)


@given(st.lists(st.tuples(NAMES, PARTS, PARTS, PARTS), min_size=2, max_size=2, unique=True))
def test_no_two_agents_have_one_fingerprint(
    two: list[tuple[str, str | None, str | None, str | None]],
) -> None:
    one, other = (Agent(name=name, model=m, prompt_version=p, tools=t) for name, m, p, t in two)
    assert one.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Agent(name="a", model="m\x1fp"), Agent(name="a", model="m", prompt_version="p")),
        (Agent(name="a", model="", prompt_version="m"), Agent(name="a", model="m", prompt_version="")),
        (Agent(name="a", model=""), Agent(name="a", model=None)),
        (Agent(name="a", model="1:b"), Agent(name="a", model="1", tools="b")),
        (Agent(name="a", model="-"), Agent(name="a", model="-", tools="")),
    ],
)
def test_agents_whose_parts_join_alike_have_fingerprints_of_their_own(one: Agent, other: Agent) -> None:
    assert one.fingerprint != other.fingerprint
