"""The seed repeats what is done."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from plangate.torture import graphs
from plangate.torture.cases import GATES, GRAPHS, case
from plangate.torture.fault_points import FaultPoints
from plangate.torture.faults import Reach, plan_faults
from plangate.torture.lines import append, read
from plangate.torture.places import Places, announce

ALL = Reach(kafka=True, database=True, connections=True)


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    assert plan_faults(1, 30, 5, ALL) == plan_faults(1, 30, 5, ALL)
    assert plan_faults(1, 30, 5, ALL) != plan_faults(2, 30, 5, ALL)


def test_as_many_are_killed_and_paused_as_was_said() -> None:
    kinds = [fault.kind for fault in plan_faults(1, 30, 5, ALL)]
    assert (kinds.count("kill"), kinds.count("pause")) == (30, 5)


def test_what_is_out_of_reach_is_left_alone() -> None:
    touched = {fault.whom for fault in plan_faults(1, 300, 5, Reach(False, False, False))}
    assert touched == {"resumer", "apps", "supervisor", "tree", "worker", "clock"}


def test_the_same_seed_gives_the_same_runs_of_every_graph() -> None:
    cases = [case(1, number) for number in range(200)]
    assert cases == [case(1, number) for number in range(200)]
    assert {each.graph for each in cases} == set(GRAPHS)
    for each in cases:
        assert hasattr(graphs, each.graph)
        assert len(each.input["plans"]) == GATES.get(each.graph, 1)


def test_an_armed_point_strikes_the_first_that_comes_by_and_nobody_after(tmp_path: Path) -> None:
    places = Places(tmp_path).make()
    points = FaultPoints(places)
    points.arm("flush.before", "kill")
    coming_by = "from plangate.torture.fault_points import *; from plangate.torture.places import places; "
    command = [sys.executable, "-c", coming_by + "FaultPoints(places()).at('flush.before')"]
    environment = {**os.environ, **announce(places, 0)}
    first, second = (subprocess.run(command, env=environment, check=False).returncode for _ in range(2))
    assert (first, second) == (-signal.SIGKILL, 0)
    (fault,) = read(places.faults)
    assert (fault["kind"], fault["where"]) == ("kill", "flush.before")
    assert points.taken("flush.before") == fault["pid"]
    assert not points.disarm("flush.before")


def test_lines_are_read_as_they_were_appended(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    assert list(read(file)) == []
    append(file, {"n": 1})
    append(file, {"n": 2})
    assert [line["n"] for line in read(file)] == [1, 2]
