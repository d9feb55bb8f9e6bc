"""A service begins effects in its own name and ends those alone; a resumer has those of runs."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, literal_column, select, update
from sqlalchemy.exc import ProgrammingError

from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DecisionKind, Resolution, StepStatus
from gate_store.claims import Claim, Grant
from gate_store.clearances import record_cleared
from gate_store.database import utc_now
from gate_store.decisions import apply_decisions
from gate_store.dialects import login
from gate_store.doubts import ask_about_doubted, end_settled_doubts
from gate_store.gates import open_gates
from gate_store.ledger import claim_effect, finish_effect, renew_claim
from gate_store.lost_claims import doubt_lost_claims
from gate_store.plan_owners import note_revisions
from gate_store.roles.roles import Role
from gate_store.said import Said
from gate_store.tables import effects
from tests.rights.logins import Logins
from tests.store.acting import as_edited, compensated, said
from tests.store.examples import STEPS, cleared, decided, run

pytestmark = pytest.mark.postgres

PLAN, STEP = cleared(), STEPS[0]
LONG = 3600.0


@pytest.fixture
def plan(logins: Logins) -> None:
    """Cleared by the gatekeeper."""
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        record_cleared(conn, [PLAN], utc_now())


def claim(store: Engine, by: str, *, lease_s: float = LONG, at: datetime | None = None, **more: Any) -> Claim:
    with store.begin() as conn:
        at = at or utc_now()
        return claim_effect(conn, PLAN.plan_id, PLAN.digest, STEP, by, at, lease_s=lease_s, **more)


def finish(store: Engine, held: Claim, status: StepStatus = StepStatus.SUCCEEDED) -> bool:
    with store.begin() as conn:
        return finish_effect(conn, held, status, utc_now())


def effect(logins: Logins) -> Any:
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        return conn.execute(select(effects.c.state, effects.c.owner, effects.c.token)).one()


def look_at_doubts(logins: Logins, answer: Resolution | None = None) -> list[Any]:
    """The gatekeeper's clock, and perhaps a human's answer; what it says."""
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        end_settled_doubts(conn, utc_now())
        ask_about_doubted(conn, utc_now())
        asked = said(conn, ApprovalRequested)
        open_gates(conn, asked, utc_now())
        for question in asked if answer else ():
            word = decided(question, DecisionKind.RESOLVE, at=utc_now(), resolution=answer)
            apply_decisions(conn, [Said(word, utc_now())], utc_now(), as_edited, compensated)
        return [*asked, *said(conn, DecisionMade)]


def test_a_service_does_its_whole_work_under_its_role(logins: Logins, plan: None) -> None:
    with logins.store(Role.SERVICE, "mailer") as store:
        held = claim(store, "w1")
        assert held.grant is Grant.GO
        with store.begin() as conn:
            assert renew_claim(conn, held, utc_now(), LONG)
        assert finish(store, held, StepStatus.IN_DOUBT)
        (question,) = look_at_doubts(logins, Resolution.RETRY)
        assert question.in_doubt.known == "its executor cannot tell"
        again = claim(store, "w2")
        assert again.grant is Grant.GO
        assert finish(store, again, StepStatus.FAILED)
        assert finish(store, claim(store, "w2", idempotent=True))
        assert claim(store, "w1").grant is Grant.SUCCEEDED
    assert effect(logins).owner == f"{logins.prefix}service_mailer"


def test_what_its_silent_process_left_it_leaves_in_doubt_and_ends_after_all(
    logins: Logins, plan: None
) -> None:
    with logins.store(Role.SERVICE) as store:
        slow = claim(store, "w1", lease_s=1, at=utc_now() - timedelta(hours=1))
        assert claim(store, "w2").grant is Grant.IN_DOUBT
        (question,) = look_at_doubts(logins)
        assert finish(store, slow)
        assert [each.request_id for each in look_at_doubts(logins)] == [question.request_id] * 2
    assert effect(logins).state == "SUCCEEDED"


@pytest.mark.parametrize("state", ["CLAIMED", "IN_DOUBT"])
def test_another_service_ends_no_effect_of_its_neighbour(logins: Logins, plan: None, state: str) -> None:
    with logins.store(Role.SERVICE, "mailer") as mailer, logins.store(Role.SERVICE, "thief") as thief:
        held = claim(mailer, "w1")
        if state == "IN_DOUBT":
            finish(mailer, held, StepStatus.IN_DOUBT)
        assert not finish(thief, held)  # though it knows the token
        assert claim(thief, "w1").grant is (Grant.BUSY if state == "CLAIMED" else Grant.IN_DOUBT)
        with thief.begin() as conn:
            assert conn.execute(update(effects).values(state="FAILED", finished_at=utc_now())).rowcount == 0
    assert (effect(logins).state, effect(logins).owner) == (state, f"{logins.prefix}service_mailer")


def test_another_service_takes_up_in_its_own_name_what_was_lost(logins: Logins, plan: None) -> None:
    with logins.store(Role.SERVICE, "mailer") as mailer, logins.store(Role.SERVICE, "second") as second:
        lost = claim(mailer, "w1", lease_s=1, at=utc_now() - timedelta(hours=1))
        taken = claim(second, "w2", idempotent=True)
        assert taken.grant is Grant.GO
        assert not finish(mailer, lost)
        assert finish(second, taken)
    assert effect(logins).owner == f"{logins.prefix}service_second"


def test_a_service_gives_its_effect_to_nobody_and_makes_none_of_a_run(logins: Logins, plan: None) -> None:
    with logins.store(Role.SERVICE) as store:
        claim(store, "w1")
        for change in ({"owner": "eve"}, {"thread_id": "t1"}):
            refused = r"row-level security|permission denied"
            with pytest.raises(ProgrammingError, match=refused), store.begin() as conn:
                conn.execute(update(effects).values(**change))


def test_a_service_begins_no_step_that_a_run_asked(logins: Logins) -> None:
    """Nor one of an edit of it: whoever claimed it first would have it for done, with a result of his own."""
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        of_run = cleared(run=run())
        note_revisions(conn, [of_run], utc_now())
        record_cleared(conn, [of_run], utc_now())
    refused = pytest.raises(ProgrammingError, match="row-level security")
    with logins.store(Role.SERVICE) as store, store.begin() as conn, refused:
        claim_effect(conn, of_run.plan_id, of_run.digest, STEP, "w1", utc_now(), lease_s=LONG)


@pytest.mark.parametrize("state", ["CLAIMED", "IN_DOUBT"])
@pytest.mark.parametrize("result", ["1e999", "[" * 3000 + "]" * 3000], ids=["no number", "deep"])
def test_a_result_that_nobody_can_read_keeps_no_doubt_from_being_asked(
    logins: Logins, plan: None, state: str, result: str
) -> None:
    with logins.store(Role.SERVICE) as store:
        claim(store, "w1", lease_s=1, at=utc_now() - timedelta(days=1))
        with store.begin() as conn:
            poison = {"result": literal_column(f"'{result}'::json"), "state": state}
            conn.execute(update(effects).values(poison))
    with logins.store(Role.GATEKEEPER) as store, store.begin() as conn:
        assert doubt_lost_claims(conn, utc_now()) + ask_about_doubted(conn, utc_now()) == 1


def test_a_resumer_touches_no_effect_of_a_service(logins: Logins, plan: None) -> None:
    with logins.store(Role.SERVICE) as store:
        claim(store, "w1")
    with logins.store(Role.RESUMER) as store, store.begin() as conn:
        assert conn.execute(select(effects.c.state)).scalars().all() == ["CLAIMED"]
        assert conn.execute(update(effects).values(state="FAILED", finished_at=utc_now())).rowcount == 0


def test_the_login_is_the_one_that_is_connected(logins: Logins) -> None:
    with logins.store(Role.SERVICE, "mailer") as store, store.begin() as conn:
        assert conn.execute(select(login(conn))).scalar() == f"{logins.prefix}service_mailer"
