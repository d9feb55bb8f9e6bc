"""Every sabotage finds the guard that it removes: one that does nothing would prove nothing."""

import subprocess
import sys

import pytest

ALL = """
from tests.faults.{module} import SABOTAGES
for sabotage in SABOTAGES.values():
    sabotage()
print(len(SABOTAGES))
"""


@pytest.mark.parametrize("module", ["sabotage", "sabotage_apps", "sabotage_services"])
def test_no_guard_has_moved_from_where_a_sabotage_removes_it(module: str) -> None:
    done = subprocess.run(  # in a process that may be spoilt
        [sys.executable, "-c", ALL.format(module=module)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout) > 0
