"""What must hold however much is lied: nothing unapproved clears, and no honest plan loses its place."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from hypothesis.stateful import invariant

from gate_events.names import name_key
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanDecided,
    PlanExecuted,
    PlanProposed,
)
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus
from gate_policy.catalogue import Catalogue, load_catalogue
from gate_policy.requirements import ASKED_BEFORE
from gate_policy.route import route
from gate_store.cleared_plans import has_run
from gate_store.clock import expiry_id
from gate_store.judged_words import CLEARED_IN_OTHER_WORDS, IN_OTHER_WORDS
from gate_store.plan_claims import CLEARED_ALREADY
from gate_store.uncounted_outcomes import says
from tests.model.lies import was_told_otherwise
from tests.model.partitions import Partitions
from tests.model.reference_claims import PlanRecord
from tests.model.universe import Sent
from tests.store.examples import HOUR, NOON

_ACTIONS = """
version: 1
defaults: {deadline: 1h, use_by: 30m}
actions:
  look: {tier: REVERSIBLE, says: "Look at {{ to }}", arguments: [to]}
  note:
    tier: PARTIALLY_REVERSIBLE
    says: "Note {{ to }}"
    arguments: [to]
    undo: {action: look, arguments: {to: "{{ to }}"}}
  mail: {tier: IRREVERSIBLE, says: "Mail {{ to }}", arguments: [to]}
  pay: {tier: IRREVERSIBLE, says: "Pay {{ to }}", arguments: [to], reviewers: [ada, bob]}
  wire: {tier: IRREVERSIBLE, says: "Wire {{ to }}", arguments: [to], reviewers: [ada, bob, cas], quorum: 2}
"""
_RULES = """
rules:
  - {name: goal, when: 'plan.goal == "collect"', tier: IRREVERSIBLE, because: "it collects"}
"""
CATALOGUE: Catalogue = load_catalogue(_ACTIONS + _RULES)
OF_BEFORE = load_catalogue(_ACTIONS)  # a router may be late with the rule
LAWS = (
    "nothing_unapproved_clears",
    "every_gate_asks_about_an_honest_plan_on_the_catalogues_terms",
    "a_question_is_asked_once",
    "gates_close_by_honest_words",
    "a_run_goes_on_by_its_own_verdict",
    "an_outcome_counts_only_for_what_was_cleared_and_who_executed_it",
    "an_id_of_ours_is_nobody_elses",
    "nothing_honest_is_given_up",
)
ASKED_INSTEAD = ("asked anew as ", "a human was asked about this plan at gate ")


@dataclass(frozen=True)
class Honest:
    """A plan that somebody honest proposed, and what a router makes of it."""

    plan: PlanProposed
    record: PlanRecord


class LiarLaws(Partitions):
    """The invariants, and what honest parties have said."""

    def __init__(self) -> None:
        super().__init__()
        self.world.catalogue = CATALOGUE
        self.honest: dict[str, Honest] = {}  # by digest
        self.said: dict[UUID, DecisionMade] = {}  # by reviewers
        self.executed: dict[UUID, PlanExecuted] = {}  # by services
        self.own: list[Any] = []  # by the store, from its outbox
        self.lies: list[Sent] = []
        self.true: list[Sent] = []  # by honest parties and the store
        self.said_again: list[Sent] = []  # kept, since `refused` goes by what was sent
        self.heard: set[str] = set()  # digests of which an honest router's word was taken
        self.refused: dict[int, str] = {}  # why, by what was sent
        self.given_up: list[Any] = []
        self._shown: dict[UUID, ApprovalRequested] = {}

    def shown(self, gate: UUID) -> ApprovalRequested:
        """The question as reviewers see it."""
        if gate not in self._shown:
            self._shown[gate] = self.world.shown(gate)
        return self._shown[gate]

    @invariant()
    def every_law_holds(self) -> None:
        for law in LAWS:
            getattr(self, law)()

    def nothing_unapproved_clears(self) -> None:
        for digest, row in self.now_there.cleared.items():
            assert digest in self.honest, "nobody honest proposed what may run"
            assert row.plan_id == self.honest[digest].plan.plan_id
            if row.gate_id is None:
                self._is_harmless_as_far_as_is_known(digest)
            else:
                self._is_approved(digest, self.now_there.gates[row.gate_id])

    def _is_harmless_as_far_as_is_known(self, digest: str) -> None:
        """By the honest words, once they have come, unless it has begun; until then by a liar's."""
        asks = isinstance(self.honest[digest].record, ApprovalRequested)
        if asks and digest not in self.waiting:
            told_otherwise = was_told_otherwise(self.honest[digest].record, self.lies)
            assert told_otherwise, "it runs, and nobody was asked"
            assert digest not in self.heard, "it runs in a liar's words, and the honest ones ask for a human"

    @property
    def waiting(self) -> set[str]:
        """What was cleared, and may not begin until it is approved."""
        return {
            digest
            for digest, row in self.now_there.cleared.items()
            if (digest, row.attempt) in self.now_there.stale
        }

    def _is_approved(self, digest: str, gate: Any) -> None:
        """By as many people as the catalogue wants, who may."""
        terms = _asked(self.honest[digest]).review.terms
        voices = {
            each.decided_by
            for each in self.said.values()
            if each.request_id == gate.gate_id and each.kind is DecisionKind.APPROVE
        }
        assert (gate.state, gate.digest) == ("APPROVED", digest)
        assert len(voices) >= terms.quorum, "too few have approved"
        assert not terms.reviewers or voices & {*terms.reviewers}

    def every_gate_asks_about_an_honest_plan_on_the_catalogues_terms(self) -> None:
        for name, gate in self.now_there.gates.items():
            assert gate.digest in self.honest, "a gate asks about what nobody honest proposed"
            shown, plan = self.shown(name), self.honest[gate.digest].plan
            assert (shown.proposer, shown.agent, shown.run) == (plan.proposer, plan.agent, plan.run)
            assert shown.steps == plan.steps
            if (gate.kind, gate.timing) == ("PLAN", "BEFORE"):
                honest, terms = _asked_as(plan, shown.goal), shown.review.terms
                disputed = [] if shown.goal else [_asked(self.honest[gate.digest]).tier]
                assert shown.tier in (honest.tier, *disputed)
                assert (terms.reviewers, terms.quorum, terms.use_by_s, terms.allowed) == (
                    honest.review.terms.reviewers,
                    honest.review.terms.quorum,
                    honest.review.terms.use_by_s,
                    honest.review.terms.allowed,
                )
                assert terms.deadline == shown.requested_at + HOUR
                assert shown.review.groups == honest.review.groups

    def a_question_is_asked_once(self) -> None:
        """What no router may ask, the store has asked itself; and nobody is asked twice at one time."""
        ours = {each.request_id for each in self.own if isinstance(each, ApprovalRequested)}
        gates = self.now_there.gates.items()
        said = {each.request_id for _, each in self.now_there.outbox if isinstance(each, ApprovalRequested)}
        for name, gate in gates:
            routed = (gate.kind, gate.timing, gate.attempt) == ("PLAN", "BEFORE", 1)
            assert routed or name in ours | said, "a question that the store never asked"
        told_to_end = {
            each.request_id
            for each in [*self.own, *(record for _, record in self.now_there.outbox)]
            if isinstance(each, DecisionMade) and each.kind is DecisionKind.SUPERSEDE
        }
        asked = Counter(
            gate.digest
            for name, gate in gates
            if (gate.kind, gate.timing, gate.state) == ("PLAN", "BEFORE", "PENDING")
            and name not in told_to_end
        )
        assert all(count == 1 for count in asked.values()), "one plan is asked about twice"
        both = {row.digest for row in self.now_there.cleared.values() if row.gate_id is None} & {
            gate.digest
            for _, gate in gates
            if (gate.kind, gate.timing, gate.attempt) == ("PLAN", "BEFORE", 1)
        }
        assert not both, "asked about, and cleared by the router's word"

    def gates_close_by_honest_words(self) -> None:
        for name, gate in self.now_there.gates.items():
            if gate.state == "PENDING":
                continue
            said = self.said.get(msgspec.json.decode(gate.verdict, type=PlanDecided).decision_id)
            if gate.state == "EXPIRED":
                assert self.world.now >= gate.deadline, "it expired before its time"
            elif gate.state == "SUPERSEDED":
                assert self._is_replaced(gate), "superseded by nothing"
            else:
                assert said, f"{gate.state} by nobody honest"
                assert (said.request_id, said.digest) == (name, gate.digest)

    def _is_replaced(self, gate: Any) -> bool:
        """By a newer revision, another question, an outcome, or, of a doubt, by what is known."""
        anew = any(
            each.digest == gate.digest and each.attempt > gate.attempt
            for each in self.now_there.gates.values()
        )
        newer = anew or any(
            each.plan.plan_id == gate.plan_id and each.plan.revision > gate.revision
            for each in self.honest.values()
        )
        told = any(each.plan_id == gate.plan_id for each in self.executed.values())
        return newer or told

    def a_run_goes_on_by_its_own_verdict(self) -> None:
        for row in self.now_there.runs.values():
            if row.answer is None:
                continue
            about = [gate for gate in self.now_there.gates.values() if gate.digest == row.asked_digest]
            if row.digest is None:
                assert any(gate.state != "PENDING" for gate in about), "it goes on, and nobody decided"
            else:
                assert row.digest in self.now_there.cleared
            assert self.honest[row.asked_digest].plan.plan_id == row.plan_id

    def an_outcome_counts_only_for_what_was_cleared_and_who_executed_it(self) -> None:
        for name, row in self.now_there.outcomes.items():
            cleared = self.now_there.cleared.get(row.digest)
            if cleared and cleared.plan_id == row.plan_id:
                assert name in self.executed, "an outcome counts that no executor told"
        known = {each.plan_id for each in self.executed.values()}
        known |= {each.plan_id for each in self.said.values() if each.kind is DecisionKind.RESOLVE}
        for effect in self.now_there.effects.values():
            assert effect.plan_id in known or effect.state == "IN_DOUBT", "an effect that nobody told of"

    def an_id_of_ours_is_nobody_elses(self) -> None:
        clocks = {expiry_id(gate) for gate in self.now_there.gates}
        for name, row in self.now_there.decisions.items():
            if name in clocks:
                assert row.record["decider"] == DeciderKind.CLOCK.value

    def nothing_honest_is_given_up(self) -> None:
        """A dead letter of it says where the question stands, or that it may run in others' words."""
        asked = {gate.digest for gate in self.now_there.gates.values()}
        for sent in self.true:
            why = self.refused.get(id(sent))
            if why is None or self.is_late_word(sent.record, why):
                continue
            told_otherwise = IN_OTHER_WORDS in why or why == CLEARED_ALREADY
            instead = why.startswith(ASKED_INSTEAD) or told_otherwise
            assert instead, f"an honest {type(sent.record).__name__}: {why}"
            if told_otherwise:
                assert was_told_otherwise(sent.record, self.lies), "nobody told it in other words"
            if why in (CLEARED_IN_OTHER_WORDS, CLEARED_ALREADY):
                assert sent.record.digest in self.now_there.cleared, "cleared before, and it may not run"
            else:
                assert sent.record.digest in asked, "asked instead, and there is no question"
        for name, said in self.said.items():
            row = self.now_there.decisions.get(name)
            if row is not None and row.record["decided_by"] == said.decided_by:
                assert row.disposition != "REFUSED", row.why

    def is_late_word(self, record: Any, why: str) -> bool:
        """A word of the clock, of the gate or of a reviewer that came when the gate was closed."""
        if not isinstance(record, DecisionMade):
            return False
        gate = self.now_there.gates.get(record.request_id)
        return gate is not None and gate.state != "PENDING" and " " in why

    # --- at the end ---

    def what_was_told_in_two_ways_is_asked_in_neither(self) -> None:
        """Where a human is asked still, nobody has answered before, and all that is honest has come."""
        answered = {each.digest for each in self.now_there.gates.values() if each.state == "APPROVED"}
        for name, gate in self.now_there.gates.items():
            open_still = (gate.kind, gate.timing, gate.state) == ("PLAN", "BEFORE", "PENDING")
            if open_still and gate.digest not in answered:
                shown, plan = self.shown(name), self.honest[gate.digest].plan
                assert shown.goal in ("", plan.goal), "a human is shown a liar's goal"

    def no_honest_plan_has_lost_its_place(self) -> None:
        """Each that is not replaced may run, or stands at a gate that honest words closed."""
        newest: dict[UUID, int] = {}
        for each in self.honest.values():
            newest[each.plan.plan_id] = max(newest.get(each.plan.plan_id, 0), each.plan.revision)
        for digest, each in self.honest.items():
            gates = [gate for gate in self.now_there.gates.values() if gate.digest == digest]
            assert digest in self.now_there.cleared or gates, "an honest plan that nobody is asked about"
            may_begin = self.now_there.cleared.keys() - self.waiting
            if each.plan.revision == newest[each.plan.plan_id] and digest not in may_begin:
                assert all(gate.state != "PENDING" for gate in gates), "decided, and still asked"

    def every_lie_was_answered_aloud(self) -> None:
        """By a dead letter or a ruling, with a sentence; but for what says nothing new."""
        for sent in self.lies:
            assert self._is_answered(sent), f"nobody answered this lie: {sent.record}"

    def _is_answered(self, sent: Sent) -> bool:
        record, now = sent.record, self.now_there
        if id(sent) in self.refused:
            return " " in self.refused[id(sent)]
        if record in self.given_up:
            return True
        if isinstance(record, ApprovalRequested):
            return record.request_id in now.gates and now.gates[record.request_id].digest == record.digest
        if isinstance(record, PlanCleared):
            return record.digest in now.cleared
        if isinstance(record, PlanExecuted):
            return self._says_nothing(record) or self._is_told_like(record)
        rows = [row for row in now.decisions.values() if row.record["event_id"] == str(record.event_id)]
        ruled = [row for row in rows if name_key(row.decided_by) == name_key(record.decided_by)]
        return any(row.disposition in ("REFUSED", "LATE", "DECIDED") and " " in row.why for row in ruled)

    def _says_nothing(self, told: PlanExecuted) -> bool:
        """That somebody is at it, or that what may not run did not: nothing follows."""
        idle = not has_run(told) and told.digest not in self.now_there.cleared
        return idle or told.status is OutcomeStatus.BEGUN

    def _is_told_like(self, told: PlanExecuted) -> bool:
        """Said alike before: what is said of that one is said of this."""
        key = (told.plan_id, told.digest, told.attempt)
        others = [
            each
            for each in self.given_up
            if isinstance(each, PlanExecuted) and (each.plan_id, each.digest, each.attempt) == key
        ]
        return any(says(each) == says(told) for each in others)


def _asked(honest: Honest) -> ApprovalRequested:
    """The question about it in the catalogue's words."""
    return _asked_as(honest.plan, honest.plan.goal)


def _asked_as(plan: PlanProposed, goal: str) -> ApprovalRequested:
    """The question about it, were this its goal."""
    told = msgspec.structs.replace(plan, goal=goal)
    asked = route(told, CATALOGUE, now=NOON, required=ASKED_BEFORE)
    assert isinstance(asked, ApprovalRequested)
    return asked
