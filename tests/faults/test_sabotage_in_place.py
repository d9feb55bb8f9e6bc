"""Every sabotage finds the guard that it removes: one that does nothing would prove nothing."""

import os
from pathlib import Path

import pytest

from tests.forked import Forked


@pytest.mark.parametrize("module", ["sabotage", "sabotage_apps", "sabotage_services"])
def test_no_guard_has_moved_from_where_a_sabotage_removes_it(module: str, tmp_path: Path) -> None:
    said = tmp_path / "said.log"
    spoilt = Forked(
        "tests.faults.all_sabotages", module, folder=Path.cwd(), environment=os.environ, out=said, err=said
    )
    assert spoilt.wait(60) == 0, said.read_text()[-500:]
    assert int(said.read_text()) > 0
