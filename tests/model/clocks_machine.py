"""Two gatekeepers whose clocks differ, and two catalogues: the stricter way stands, whoever takes what first.

A rolling change of the catalogue, on machines whose clocks are wrong. What each gate must come to is
foretold from the log, the moments of the broker and who took what.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from gate_events.digest import review_digest
from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanDecided, PlanProposed
from gate_policy.catalogue import Catalogue, load_catalogue
from gate_policy.requirements import ASKED_BEFORE
from gate_policy.route import route
from tests.model.partitions import MILLISECOND, Partitions
from tests.model.universe import PEOPLE, TOLERANCE, K, Sent, proposed, spoken, step
from tests.store.examples import HOUR, NOON, plan_id

_ACTIONS = """
version: 1
defaults: {{deadline: 1h, use_by: 300d}}
actions:
  look: {{tier: REVERSIBLE, says: "Look at {{{{ to }}}}", arguments: [to]}}
  note: {{tier: {note}, says: "Note {{{{ to }}}}", arguments: [to]}}
  mail: {{tier: {mail}, says: "Mail {{{{ to }}}}", arguments: [to]}}
  pay:
    tier: IRREVERSIBLE
    says: "Pay {{{{ to }}}}"
    arguments: [to]
    reviewers: [{people}]
    quorum: {quorum}
"""
OLD = load_catalogue(
    _ACTIONS.format(note="REVERSIBLE", mail="IRREVERSIBLE", people="ada, bob, cas", quorum=1)
)
NEW = load_catalogue(_ACTIONS.format(note="IRREVERSIBLE", mail="REVERSIBLE", people="ada, bob", quorum=2))
ACTIONS = ("look", "note", "mail", "pay")
CATALOGUES = st.sampled_from([OLD, NEW])
WRONG = [timedelta(minutes=minutes) for minutes in (-90, -20, -4, 0, 4, 20, 90)]
ON_ITS_WAY = timedelta(seconds=10)  # from a router to its topic: so much of its time a question may lose
CLOCKS = st.sampled_from(WRONG)
MOVES = st.sampled_from([timedelta(minutes=1), timedelta(minutes=20), HOUR])


@dataclass
class Keeper:
    """A gatekeeper, and how far ahead its clock is."""

    catalogue: Catalogue
    clock: timedelta = timedelta()


@dataclass
class Expected:
    """What a plan must have come to: cleared, or a gate on these terms."""

    asked: ApprovalRequested | None  # in the words of who took it first
    state: str = "PENDING"
    voices: set[str] = field(default_factory=set)


class ClocksMachine(Partitions):
    """Routers and gatekeepers with either catalogue; reviewers, and the clocks' words, at true moments."""

    def __init__(self) -> None:
        super().__init__()
        self.keepers = [Keeper(OLD), Keeper(NEW)]
        self.plans: dict[UUID, PlanProposed] = {}
        self.expected: dict[UUID, Expected] = {}  # by plan
        self.spoke: set[tuple[UUID, str]] = set()

    @rule(number=st.integers(0, 1), clock=CLOCKS, catalogue=CATALOGUES)
    def a_gatekeeper_starts(self, number: int, clock: timedelta, catalogue: Catalogue) -> None:
        self.keepers[number] = Keeper(catalogue, clock)

    @rule(number=st.integers(0, 3), by=CATALOGUES, clock=CLOCKS)
    def a_router_takes_a_plan(self, number: int, by: Catalogue, clock: timedelta) -> None:
        """Once, or as well as the other router, which may judge otherwise."""
        steps = (step("s1", "a", "look"), step("s2", "b", ACTIONS[number]))
        plan = proposed(plan_id(f"p{number}"), None, 1, steps, NOON)
        self.plans[plan.plan_id] = plan
        record = route(plan, by, now=self.world.now + MILLISECOND + clock)
        self.send(msgspec.structs.replace(record, event_id=derived("routed", plan.plan_id, self.world.now)))

    @precondition(lambda self: self.now_there.gates)
    @rule(data=st.data(), by=st.sampled_from(PEOPLE), kind=st.sampled_from([K.APPROVE, K.APPROVE, K.REJECT]))
    def a_reviewer_decides(self, data: st.DataObject, by: str, kind: K) -> None:
        gate = self.world.shown(data.draw(st.sampled_from(sorted(self.now_there.gates))))
        if (gate.request_id, by) not in self.spoke:
            self.spoke.add((gate.request_id, by))
            seen = review_digest(gate.review)
            self.send(spoken(gate, kind, by, self.world.now + MILLISECOND, review_digest=seen))

    @rule(data=st.data(), number=st.integers(0, 1), whole=st.booleans())
    def a_gatekeeper_works(self, data: st.DataObject, number: int, whole: bool) -> None:
        self._relay()
        self._take(self.pending if whole else self.some_partitions(data), self.keepers[number])

    @rule(number=st.integers(0, 1), by=MOVES)
    def time_passes(self, number: int, by: timedelta) -> None:
        """One of them looks at its clock."""
        self.pass_time(by)
        assert self.world.tick(self.keepers[number].clock) == [], "given up, and nothing has waited"
        self.changed()

    def _relay(self) -> None:
        rows = self.now_there.outbox
        for _, record in rows:
            if not isinstance(record, PlanDecided):
                self.send(record)
        self.world.forget([row for row, _ in rows])
        self.changed()

    def _take(self, chosen: Sequence[Sent], keeper: Keeper) -> None:
        batch = self.taken(chosen)
        refused = self.world.deliver(batch, catalogue=keeper.catalogue, clock=keeper.clock)
        assert all(" " in why for why in refused.values())
        for sent in _in_turn(batch):
            if sent.record.plan_id not in self.expected:
                self.expected[sent.record.plan_id] = self._judged(sent, keeper)
        for place, sent in enumerate(batch):
            if isinstance(sent.record, DecisionMade):
                assert self._hear(sent, self.world.now + keeper.clock) == (place in refused)
        self.changed()
        for place, sent in enumerate(batch):
            if isinstance(sent.record, ApprovalRequested):
                assert (sent.record.request_id in self.now_there.gates) == (place not in refused)

    def _judged(self, sent: Sent, keeper: Keeper) -> Expected:
        """By the keeper that takes it first: cleared only where the router that spoke cleared it, too.

        A router's question stands where ours is the same and it lost no time; else the broker dates ours.
        """
        record, plan = sent.record, self.plans[sent.record.plan_id]
        asks = isinstance(record, ApprovalRequested)
        dated = record.requested_at if asks else record.cleared_at
        at = dated if abs(dated - sent.at) <= TOLERANCE else sent.at
        ours = route(plan, keeper.catalogue, now=at, required=ASKED_BEFORE if asks else None)
        if isinstance(ours, PlanCleared):
            return Expected(None)
        if asks and record.policy == ours.policy and record.review == ours.review:
            lost = sent.at - record.requested_at
            if lost <= max((record.review.terms.deadline - record.requested_at) / 10, ON_ITS_WAY):
                return Expected(ours)
        anew = route(plan, keeper.catalogue, now=sent.at, required=ASKED_BEFORE)
        assert isinstance(anew, ApprovalRequested)
        return Expected(anew)

    def _hear(self, sent: Sent, now: datetime) -> bool:
        """In the order of the log; whether it becomes a dead letter. The broker's moment counts."""
        said: DecisionMade = sent.record
        gate = self.expected[said.plan_id]
        assert gate.asked
        terms = gate.asked.review.terms
        if gate.state != "PENDING":
            return False
        if said.kind is K.EXPIRE:
            early = min(sent.at, now) < terms.deadline
            gate.state = "PENDING" if early else "EXPIRED"
            return early
        may = not terms.reviewers or said.decided_by in terms.reviewers
        if sent.at <= terms.deadline and may:
            gate.voices |= {said.decided_by} if said.kind is K.APPROVE else set()
            if said.kind is K.REJECT:
                gate.state = "REJECTED"
            elif len(gate.voices) == terms.quorum:
                gate.state = "APPROVED"
        return False

    # --- the laws ---

    @invariant()
    def the_stricter_way_stands(self) -> None:
        """What either catalogue asks about is asked, once, and what is cleared was cleared by both."""
        asked = {gate.plan_id: gate for gate in self.now_there.gates.values()}
        assert len(asked) == len(self.now_there.gates), "asked twice"
        assert asked.keys() == {plan for plan, each in self.expected.items() if each.asked}
        by_router = {row.plan_id for row in self.now_there.cleared.values() if row.gate_id is None}
        assert by_router == {plan for plan, each in self.expected.items() if not each.asked}

    @invariant()
    def a_gate_stands_on_the_terms_of_who_opened_it(self) -> None:
        """Whatever the clocks of the gatekeepers say."""
        for name, gate in self.now_there.gates.items():
            ours = self.expected[gate.plan_id].asked
            assert ours
            shown = self.world.shown(name)
            assert (shown.tier, shown.review) == (ours.tier, ours.review)

    @invariant()
    def gates_close_by_the_brokers_moments(self) -> None:
        states = {gate.plan_id: gate.state for gate in self.now_there.gates.values()}
        assert states == {plan: each.state for plan, each in self.expected.items() if each.asked}
        approved = {row.plan_id for row in self.now_there.cleared.values() if row.gate_id}
        assert approved == {plan for plan, each in self.expected.items() if each.state == "APPROVED"}

    def teardown(self) -> None:
        """Long past every deadline, by either clock, no gate is open."""
        self.pass_time(5 * HOUR)
        for keeper in self.keepers * 3:
            self.pass_time(timedelta(minutes=2))
            self.world.tick(keeper.clock)
            self.changed()
            self._relay()
            self._take(self.pending, keeper)
        self.the_stricter_way_stands()
        self.gates_close_by_the_brokers_moments()
        assert all(gate.state != "PENDING" for gate in self.now_there.gates.values()), "it never expires"


def _in_turn(batch: Sequence[Sent]) -> list[Sent]:
    """What asks stands before what clears, but where the log tells that it came later."""
    requests = [each for each in batch if isinstance(each.record, ApprovalRequested)]
    clearances = [each for each in batch if isinstance(each.record, PlanCleared)]
    first: dict[Any, datetime] = {}
    for each in clearances:
        first.setdefault(each.record.plan_id, each.at)
    late = [each for each in requests if first.get(each.record.plan_id, each.at) < each.at]
    return [*(each for each in requests if each not in late), *clearances, *late]
