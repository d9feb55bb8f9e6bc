"""A resumer's role suffices to ask about an unguarded plan, and to ask anew."""

from datetime import timedelta
from pathlib import Path

import pytest

from gate_events.digest import step_digest
from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested
from gate_store.database import open_store, utc_now
from gate_store.engine.port import Intent
from gate_store.roles.roles import Role
from gate_store.unguarded import CutOff, doubt_unguarded_plan
from tests.resumer.stage import Stage
from tests.rights.logins import Logins


@pytest.mark.postgres
async def test_a_resumer_asks_about_an_unguarded_plan_and_asks_anew(
    logins: Logins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EFFECTS_LOG", str(tmp_path / "effects.log"))
    engine = open_store(logins.url)
    stage = Stage(logins.url, engine)
    plan = await stage.submit("slow_past_ledger", who=["ann", "bob"])
    stage.decide(plan)
    for _ in range(2):
        lease = utc_now() + timedelta(minutes=1)
        token = stage.run().token + 1
        stage.change_run(status="RUNNING", worker="one", lease_until=lease, token=token)
        run = stage.run()
        steps = [
            Intent(effect_key(run.plan_id, each.step_id), each, step_digest(run.plan_id, each), None)
            for each in plan.steps
        ]
        cut = CutOff("t1", token, "one", run.plan_id, run.digest, steps, "it was cut off")
        with logins.store(Role.RESUMER) as store, store.begin() as conn:
            doubt_unguarded_plan(conn, cut, utc_now())
        assert (stage.run().status, len(stage.said(ApprovalRequested))) == ("IN_DOUBT", 1)
        logins.run("UPDATE effects SET state = 'RETRY'")
    engine.dispose()
