"""A plan that is longer than the screen is read in the pager, with sums above; a short one is printed."""

from pathlib import Path

import pytest

from gate_events.records import ApprovalRequested
from gate_store.database import open_store
from tests.claims.gate import asked, commit, proposed, step
from tests.cli.commands import Shell
from tests.cli.terminal import WIDTH, Terminal

PAGER = "#!/bin/sh\necho PAGED\ncat\n"


@pytest.fixture
def paging(stored: Shell) -> Shell:
    pager = stored.folder / "pager"
    pager.write_text(PAGER)
    pager.chmod(0o755)
    return stored.with_(PAGER=str(pager))


def waits(shell: Shell, steps: int) -> ApprovalRequested:
    """A plan of so many steps, half of them harmless."""
    numbers = range(1, steps + 1)
    plan = proposed(*(step("pay" if n % 2 else "look", n, what=f"invoice {n}") for n in numbers))
    store = open_store(f"sqlite:///{Path(shell.folder) / 'plangate.db'}")
    request = asked(plan)
    with store.begin() as conn:
        assert commit(conn, request).refused == {}
    store.dispose()
    return request


@pytest.mark.parametrize(("steps", "is_paged"), [(2, False), (60, True)])
def test_what_is_longer_than_the_screen_goes_through_the_pager(
    paging: Shell, steps: int, is_paged: bool
) -> None:
    request = waits(paging, steps)
    with Terminal(paging, "show", str(request.request_id)) as terminal:
        assert terminal.end() == 0
        seen = terminal.seen
    assert ("PAGED" in seen) is is_paged
    assert all(f"s{number}  " in seen for number in range(1, steps + 1))
    assert f"{steps} steps in {steps} sentences: {steps // 2} IRREVERSIBLE, {steps // 2} REVERSIBLE" in seen
    assert max(map(len, seen.splitlines())) <= WIDTH


def test_where_no_terminal_is_nothing_is_paged(paging: Shell) -> None:
    request = waits(paging, 60)
    assert "PAGED" not in paging.run("show", str(request.request_id)).out
