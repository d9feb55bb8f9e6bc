"""Which steps must have begun before which."""

from hypothesis import given
from hypothesis import strategies as st

from gate_events.order import steps_before
from gate_events.values import Step


def named(*after: tuple[str, ...] | None) -> tuple[Step, ...]:
    """Steps s1, s2, ... with these `after`."""
    return tuple(Step(step_id=f"s{n}", action_type="t", after=names) for n, names in enumerate(after, 1))


@st.composite
def plans(draw: st.DrawFn) -> tuple[Step, ...]:
    """Up to six steps, each after all, some or none of those before it."""
    after: list[tuple[str, ...] | None] = []
    for number in range(draw(st.integers(1, 6))):
        names = [f"s{n}" for n in range(1, number + 1)]
        some = st.lists(st.sampled_from(names), unique=True).map(tuple) if names else st.just(())
        after.append(draw(st.none() | some))
    return named(*after)


@given(steps=plans(), data=st.data())
def test_a_step_may_begin_when_all_that_it_is_after_have_begun_and_not_before(
    steps: tuple[Step, ...], data: st.DataObject
) -> None:
    before = steps_before(steps)
    begun: set[str] = set()
    for place in data.draw(st.lists(st.integers(0, len(steps) - 1), max_size=30)):
        step = steps[place]
        after = [one.step_id for one in steps[:place]] if step.after is None else step.after
        assert begun.issuperset(before[step.step_id]) == begun.issuperset(after)
        if begun.issuperset(after):
            begun.add(step.step_id)


def test_a_step_of_a_long_plan_names_the_one_before_it_alone() -> None:
    before = steps_before(named(*[None] * 10_000))
    assert [len(names) for names in before.values()] == [0] + [1] * 9_999


def test_a_step_after_all_of_a_plan_that_fans_out_names_them_all() -> None:
    assert steps_before(named(None, (), ("s1",), None))["s4"] == ["s2", "s3"]
