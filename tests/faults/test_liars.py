"""The liars themselves: every kind of lie is told, is what it seems to be, and stays within its bounds."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from confluent_kafka import Message
from sqlalchemy import insert

from gate_events.codec import decode, encode
from gate_events.digest import plan_digest
from gate_events.ids import derived, plan_id_of_pause
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanDecided,
    PlanExecuted,
    PlanProposed,
)
from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, DECISIONS, OUTCOMES, PLANS, TOPIC_OF
from gate_events.values import RunIdentity
from gate_events.words import DecisionKind, OutcomeStatus, PauseKind, StepStatus
from gate_policy.route import route
from gate_store.afterwards import outcome_row
from gate_store.database import open_store
from gate_store.tables import gates, metadata, plan_outcomes
from gate_store.uncounted_outcomes import Heard as StoreHeard
from plangate import Plan, Step
from plangate.torture.chance import chance
from plangate.torture.gates import Gates
from plangate.torture.liars.liar import Liar, kinds_told
from plangate.torture.liars.lie import KINDS, LIAR, Heard, Learned, Pen
from plangate.torture.liars.on_clearances import cleared
from plangate.torture.liars.on_outcomes import executed
from plangate.torture.liars.told import Told, written
from plangate.torture.liars.undecided import Outcome, Undecided
from plangate.torture.services import plans
from producers.kafka_producer import KafkaProducer
from producers.plans import proposal
from tests.faults.test_judge import CATALOGUE, DECISION, NOW, REQUEST

RUN = RunIdentity(
    graph="one_gate", graph_version="1", thread_id="torture-1-7", checkpoint_id="1f0", kind=PauseKind.DYNAMIC
)
SEED = 1


def at_noon() -> datetime:
    return NOW


def run_plan(action: str) -> PlanProposed:
    plan = Plan([Step(action, {"label": "7/0/0", "amount": 5})], "be tortured", "torture-agent")
    return msgspec.structs.replace(proposal(plan, plan_id_of_pause(RUN), 1, at_noon), run=RUN)


def service_plan(number: int) -> PlanProposed:
    return proposal(plans.plan(SEED, number), plans.plan_id(SEED, number), 1, at_noon)


PROPOSED = [*map(run_plan, ("wire", "note", "tag")), *map(service_plan, range(30))]
ROUTED = [route(plan, CATALOGUE, now=NOW) for plan in PROPOSED]
DOUBT = msgspec.structs.replace(REQUEST, kind=type(REQUEST.kind).IN_DOUBT)
OUTCOME = executed(PROPOSED[0], Pen(0, chance(0), Learned(0)), OutcomeStatus.DONE, StepStatus.SUCCEEDED)
HONEST: list[Any] = [*PROPOSED, *ROUTED, DOUBT, DECISION, OUTCOME]


def heard(record: Any) -> Heard:
    return Heard(TOPIC_OF[type(record)].name, record, b"key", encode(record), [])


HEARD = [*map(heard, HONEST)]
HONEST_BYTES = {each.value for each in HEARD}


def learned() -> Learned:
    asked = [each for each in ROUTED if isinstance(each, ApprovalRequested)]
    known = Learned(SEED, CATALOGUE.digest, asked, {}, 1)
    for each in HEARD:
        known.oldest.setdefault(each.topic, []).append(each)
    return known


def lies(name: str) -> list[Any]:
    """What that kind makes of every honest record that it hears."""
    kind = KINDS[name]
    made: list[Any] = []
    for number, each in enumerate(HEARD):
        if each.topic == kind.hears:
            made += kind.makes(each, Pen(number, chance(SEED, number), learned()))
    return made


FORGED = sorted(name for name in KINDS if not name.endswith("_told_again"))


@pytest.mark.parametrize("name", FORGED)
def test_every_kind_makes_records_that_can_be_written_and_are_no_honest_ones(name: str) -> None:
    made = lies(name)
    assert made
    for record in made:
        assert written(record) not in HONEST_BYTES


@pytest.mark.parametrize("name", sorted(set(KINDS) - set(FORGED)))
def test_a_replay_is_a_true_record_byte_by_byte(name: str) -> None:
    assert {each.value for each in lies(name)} <= HONEST_BYTES


def everything() -> list[Any]:
    return [record for name in FORGED for record in lies(name)]


def test_nobody_lies_in_the_name_of_a_listed_reviewer() -> None:
    decisions = [each for each in everything() if isinstance(each, DecisionMade)]
    assert decisions
    assert not {each.decided_by for each in decisions} & {"ana", "ben", plans.PROPOSER, "torture-agent"}


def test_nobody_approves_in_a_name_of_his_own_what_anybody_may_approve() -> None:
    asked = [each for each in ROUTED if isinstance(each, ApprovalRequested)]
    open_to_all = {each.request_id: each.digest for each in asked if not each.review.terms.reviewers}
    assert open_to_all
    own = [each for each in everything() if isinstance(each, DecisionMade) and each.decided_by == LIAR]
    assert own
    approvals = [each for each in own if each.kind is DecisionKind.APPROVE]
    assert not [each for each in approvals if open_to_all.get(each.request_id) == each.digest]


def test_nobody_clears_a_plan_of_a_service_without_a_store() -> None:
    clearances = [each for each in everything() if isinstance(each, PlanCleared)]
    assert {plans.serves(each.steps) for each in clearances} == {"", plans.WITH_STORE}
    without = next(each for each in PROPOSED if plans.serves(each.steps) == plans.WITHOUT_STORE)
    assert cleared(without, "0" * 64) == ()


def test_nobody_speaks_as_the_executor_of_a_services_cleared_plan() -> None:
    cleared_ = {each.digest for each in ROUTED if isinstance(each, PlanCleared) and each.run is None}
    outcomes = [each for each in everything() if isinstance(each, PlanExecuted)]
    assert outcomes
    assert not {each.digest for each in outcomes} & cleared_


def test_nobody_writes_verdicts() -> None:
    assert not [each for each in everything() if isinstance(each, PlanDecided)]


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_digest_is_that_of_the_forged_steps_or_of_the_victims(name: str) -> None:
    for each in lies(name):
        if isinstance(each, PlanCleared | ApprovalRequested):
            real = plan_digest(each.plan_id, each.revision, each.steps, each.run)
            assert (each.digest == real) is not name.endswith("_under_its_digest")


class Wire:
    """Takes what a producer would send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def send_bytes(self, topic: str, key: bytes, value: bytes, headers: Any) -> None:
        assert key
        assert headers
        self.sent.append((topic, value))


class Said:
    """A message as the liar hears it."""

    def __init__(self, record: Any) -> None:
        self._value = encode(record)

    def key(self) -> bytes:
        return b"key"

    def value(self) -> bytes:
        return self._value

    def headers(self) -> list[Any]:
        return []


def told(count: int, kinds: tuple[str, ...] = ()) -> tuple[Told, Wire]:
    register, wire = Told(), Wire()
    liar = Liar(SEED, count, cast(KafkaProducer, wire), register, lambda: 1.0, kinds)
    for _turn in range(count):
        for record in HONEST:
            liar.hear(TOPIC_OF[type(record)].name, record, cast(Message, Said(record)))
        liar.speak()
        if not liar.to_tell:
            break
    assert not liar.to_tell
    return register, wire


def test_as_many_lies_are_told_as_were_ordered_of_every_kind_as_often_and_all_are_registered() -> None:
    count = 2 * len(KINDS)
    register, wire = told(count)
    numbers = Counter(kinds_told(register.lies))
    assert numbers.total() == count
    assert {topic for topic, _ in wire.sent} <= {
        each.name for each in (PLANS, AUTO_EXECUTE, APPROVAL_REQUESTS, DECISIONS, OUTCOMES)
    }
    for lie in register.lies:
        assert register.is_lie(lie.value) is not lie.replay
        assert register.is_lies_record(decode(lie.value, type(lie.record))) is not lie.replay


def test_the_same_seed_chooses_the_same_kinds() -> None:
    assert kinds_told(told(60)[0].lies) == kinds_told(told(60)[0].lies)


def test_some_kinds_alone_can_be_ordered() -> None:
    assert set(kinds_told(told(5, ("expired_early",))[0].lies)) <= {"expired_early"}


def test_a_lie_is_never_provoked_by_a_lie() -> None:
    own = proposal(Plan([Step("note", {"label": "lie9/0/1"})], agent=LIAR), derived("own"), 1, at_noon)
    liar = Liar(SEED, 5, cast(KafkaProducer, Wire()), Told(), lambda: 0.5)
    liar.hear(PLANS.name, own, cast(Message, Said(own)))
    liar.speak()
    assert liar.told == 0


def gate_is_decided(known: Learned) -> None:
    known.undecided.decide([REQUEST.request_id])


def plan_was_approved(known: Learned) -> None:
    known.approved.add(REQUEST.digest)


@pytest.mark.parametrize("since", [gate_is_decided, plan_was_approved])
def test_nobody_says_that_a_plan_is_done_once_it_may_be(since: Callable[[Learned], None]) -> None:
    """From then on only the ACL tells him from who executes it."""
    kind, known = KINDS["done_before_anybody_decided"], Learned(SEED)
    assert kind.makes(heard(REQUEST), Pen(0, chance(SEED), Learned(SEED)))
    since(known)
    assert not kind.makes(heard(REQUEST), Pen(0, chance(SEED), known))


def test_a_gate_that_was_lied_about_is_decided_once_the_store_has_heard_the_lie(tmp_path: Path) -> None:
    undecided, told_ = Undecided(), Outcome(REQUEST.plan_id, REQUEST.digest, 1)
    assert undecided.lie(REQUEST.request_id, told_)
    assert not undecided.lie(REQUEST.request_id, told_)
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    metadata.create_all(store, tables=[gates, plan_outcomes])
    lied = undecided.decide([REQUEST.request_id, derived("another")])
    assert lied == {REQUEST.request_id: told_}
    assert Gates(store).unheard(lied) == {REQUEST.request_id}
    lie = executed(REQUEST, Pen(0, chance(0), Learned(0)), OutcomeStatus.DONE, StepStatus.SUCCEEDED)
    with store.begin() as conn:
        conn.execute(insert(plan_outcomes).values(outcome_row(StoreHeard(lie, NOW, None))))
    assert Gates(store).unheard(lied) == set()
    store.dispose()
