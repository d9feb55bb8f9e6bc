"""No login name, no folder that can be written: one line with the mend."""

import getpass
import tempfile
from typing import Any

import pytest

from plangate.cli import decisions
from plangate.cli.failures import CommandError
from plangate.worker.slots import SlotsError, slots_folder


@pytest.mark.parametrize("fault", [KeyError("getpwuid(): uid not found: 4242"), OSError("No username set")])
def test_a_user_without_a_login_name_is_asked_for_one(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def nobody() -> str:
        raise fault

    monkeypatch.setattr(getpass, "getuser", nobody)
    with pytest.raises(CommandError, match="no login name; give --by, or set PLANGATE_REVIEWER"):
        decisions._login_name()


def test_a_machine_without_a_temporary_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Any:
        raise FileNotFoundError("No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(SlotsError, match=r"no temporary folder can be written .*; set TMPDIR to one"):
        slots_folder()
