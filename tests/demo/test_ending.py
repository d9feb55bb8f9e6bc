"""The end of the demo follows from what arrived, from what was decided, and from who said what."""

from email.message import Message
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import Connection, create_engine, insert

from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, PlanDecided
from gate_events.values import Step
from gate_events.words import GateState
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store.tables import gates, metadata
from plangate.cli.command_name import command_name
from plangate.demo.ending import consequences, next_commands
from plangate.demo.held import Held, held_plans
from plangate.demo.mail import Mailbox, message_of
from plangate.demo.planner import notice
from plangate.demo.story import Customer
from plangate.examples import example
from tests.policy.plans import NOW, plan

CATALOGUE = load_catalogue(example("catalogues/billing.yaml").read_text())
ANN, BOB, CYN = Customer(1), Customer(2), Customer(3)
PAID = {ANN}


class Night:
    """Two plans, in the evening to Ann and Bob, then to all three; what was decided, and what arrived."""

    def __init__(self, folder: Path) -> None:
        self.mailbox = Mailbox(folder)
        self._rows: list[tuple[ApprovalRequested, PlanDecided]] = []

    def asked(self, *receivers: Customer, paid: bool = True) -> ApprovalRequested:
        notices = [notice(customer, paid=paid and customer in PAID) for customer in receivers]
        steps = [
            Step(step_id=f"s{nth}", action_type=one.action_type, arguments=one.arguments)
            for nth, one in enumerate(notices, start=1)
        ]
        request = route(plan(*steps, plan_id=uuid4()), CATALOGUE, now=NOW)
        assert isinstance(request, ApprovalRequested)
        return request

    def decided(self, request: ApprovalRequested, state: GateState, *kept: str, sent: bool = True) -> None:
        """Decided so, with these steps; their mails arrive."""
        steps = tuple(step for step in request.steps if step.step_id in kept)
        verdict = PlanDecided(
            event_id=uuid4(),
            request_id=request.request_id,
            decision_id=uuid4(),
            kind=request.kind,
            timing=request.timing,
            plan_id=request.plan_id,
            revision=request.revision,
            digest=request.digest,
            state=state,
            execute=state is GateState.APPROVED,
            steps=steps,
            decided_by="ana",
            decided_at=NOW,
            note="as it is",
        )
        self._rows.append((request, verdict))
        for step in steps if sent else ():
            self.mailbox.messages.append(arrived(request.plan_id, step))

    def held(self) -> list[Held]:
        engine = create_engine("sqlite://")
        with engine.begin() as conn:
            metadata.create_all(conn)
            for nth, (request, verdict) in enumerate(self._rows):
                put(conn, nth, request, verdict)
            return held_plans(conn, [request.plan_id for request, _ in self._rows], self.mailbox)


def arrived(plan_id: UUID, step: Step) -> Message:
    return message_of(step.arguments, str(effect_key(plan_id, step.step_id)))


def put(conn: Connection, nth: int, request: ApprovalRequested, verdict: PlanDecided) -> None:
    columns = {
        "gate_id": request.request_id,
        "plan_id": request.plan_id,
        "revision": 1,
        "digest": request.digest,
        "kind": request.kind.value,
        "timing": request.timing.value,
        "attempt": 1,
        "state": verdict.state.value,
        "deadline": NOW,
        "requested_at": NOW.replace(minute=nth),
        "request": msgspec.to_builtins(request),
        "verdict": msgspec.to_builtins(verdict),
    }
    conn.execute(insert(gates).values(columns))


@pytest.fixture
def night(tmp_path: Path) -> Night:
    made = Night(tmp_path / "mails")
    made.decided(made.asked(ANN, BOB, paid=False), GateState.APPROVED, "s1", "s2")
    return made


def test_of_what_an_edit_took_out_the_reasons_are_told(night: Night) -> None:
    night.decided(night.asked(ANN, BOB, CYN), GateState.APPROVED, "s3")
    evening, late = night.held()
    assert consequences(evening) == []
    assert consequences(late) == ["2 mails were not sent: 1 had paid, 1 had the same mail since the evening."]


def test_a_mail_that_was_approved_and_did_not_arrive_was_not_sent(night: Night) -> None:
    night.decided(night.asked(ANN, BOB, CYN), GateState.APPROVED, "s3", sent=False)
    _, late = night.held()
    assert consequences(late) == [
        "3 mails were not sent: 1 had paid, 1 had the same mail since the evening, 1 neither."
    ]


def test_a_rejected_plan_sent_nothing_and_says_who_rejected_it(night: Night) -> None:
    night.decided(night.asked(ANN, CYN), GateState.REJECTED)
    _, late = night.held()
    assert consequences(late) == [
        "2 mails were not sent, since ana rejected the plan: 1 had paid, 1 neither."
    ]


def test_one_mail_that_was_not_sent_is_one(night: Night) -> None:
    night.decided(night.asked(BOB, CYN), GateState.APPROVED, "s2")
    assert consequences(night.held()[1]) == ["1 mail was not sent: 1 had the same mail since the evening."]


def test_who_approves_against_warnings_is_told_what_that_did(night: Night) -> None:
    night.decided(night.asked(ANN, BOB, CYN), GateState.APPROVED, "s1", "s2", "s3")
    assert consequences(night.held()[1]) == [
        "2 customers got the same mail twice: it was approved.",
        "1 customer who had paid was told that the invoice is overdue: it was approved.",
    ]


def test_what_is_to_be_tried_next_leaves_out_a_store_that_has_ended(night: Night, tmp_path: Path) -> None:
    (tmp_path / "mails" / "001-ann.eml").write_text("")
    kept, ended = (
        [command for command, _ in next_commands(tmp_path, night.held(), keeps_store=keeps)]
        for keeps in (True, False)
    )
    assert [command for command in kept if command not in ended] == [
        f"(. {tmp_path}/env; {command_name()} show {str(night.held()[-1].request.plan_id)[:8]})"
    ]
