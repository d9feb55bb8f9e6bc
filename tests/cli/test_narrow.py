"""What a terminal of 80 columns shows of runs and of what waits can be read and copied."""

from datetime import UTC, datetime

from gate_store.database import open_store
from gate_store.runs import pause_run, register_run
from gate_store.tables import runs
from tests.claims.gate import asked, commit, of_run, step
from tests.cli.commands import Shell
from tests.cli.terminal import WIDTH, Terminal

THREAD = "night-2026-11-24-customer-0017"
WHY = "BankError: the account 4711 of customer 17 is closed since Monday, and nobody told the agent"


def test_ids_states_and_reasons_are_whole_at_80_columns(stored: Shell) -> None:
    now = datetime.now(UTC)
    plan = of_run(*(step("pay", number, what=f"invoice {number}") for number in range(1, 4)), thread=THREAD)
    store = open_store(f"sqlite:///{stored.folder / 'plangate.db'}")
    with store.begin() as conn:
        assert plan.run
        token = register_run(conn, THREAD, "billing", "agent", 30.0, now)
        pause_run(conn, THREAD, token, plan.run, plan, now)
        request = asked(plan)
        assert commit(conn, request).refused == {}
        conn.execute(runs.update().values(error=WHY))
    store.dispose()
    seen = {command: _seen(stored, command) for command in ("runs", "pending")}
    assert THREAD in seen["runs"]
    assert all(word in seen["runs"] for word in ("PENDING", "PAUSED", *WHY.split()))
    assert str(plan.plan_id)[:8] in seen["runs"]
    assert str(request.request_id)[:8] in seen["pending"]
    assert "Pay invoice 1" in " ".join(seen["pending"].split())


def _seen(shell: Shell, command: str) -> str:
    with Terminal(shell, command) as terminal:
        assert terminal.end() == 0
        assert max(map(len, terminal.seen.splitlines())) <= WIDTH
        assert "…" not in terminal.seen
        return terminal.seen
