import time

import pytest

from gate_store.runs import RunBusyError
from plangate import Submitted, submit
from tests.forked import killed
from tests.producers import graphs
from tests.producers.stored import published, run_of
from tests.stores import migrated

PATIENCE_S = 30


def _killed_submit(store_url: str, point: str) -> None:
    killed("tests.producers.dying_submit", store_url, point)


def _submit(store_url: str, who: str) -> Submitted:
    return submit(graphs.gated(), {"who": [who]}, name="billing", thread_id="t1", store_url=store_url)


def _submit_when_the_lease_is_over(store_url: str) -> Submitted:
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            return _submit(store_url, "ann")
        except RunBusyError:
            assert time.monotonic() < give_up
            time.sleep(0.2)


@pytest.mark.parametrize("point", ["in-planner", "before-publication", "after-publication"])
def test_a_submission_killed_anywhere_and_made_again_publishes_one_plan(store_url: str, point: str) -> None:
    migrated(store_url)
    _killed_submit(store_url, point)
    left_behind = published(store_url)
    assert len(left_behind) == (1 if point == "after-publication" else 0)
    again = _submit_when_the_lease_is_over(store_url)
    (plan,) = published(store_url)
    assert plan.plan_id == again.plan_id
    assert [step.arguments for step in plan.steps] == [{"to": "ann"}]
    assert run_of(store_url, "t1").status == "PAUSED"


def test_what_a_dead_submission_planned_is_published_and_not_planned_anew(store_url: str) -> None:
    migrated(store_url)
    _killed_submit(store_url, "before-publication")
    give_up = time.monotonic() + PATIENCE_S
    while run_of(store_url, "t1").status == "RUNNING":
        assert time.monotonic() < give_up
        try:
            _submit(store_url, "someone-else")
        except RunBusyError:
            time.sleep(0.2)
    (plan,) = published(store_url)
    assert [step.arguments for step in plan.steps] == [{"to": "ann"}]
