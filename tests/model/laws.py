"""The laws that must hold after every step, each a check of the whole store against what was there before."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from hypothesis.stateful import RuleBasedStateMachine, invariant

from gate_events.digest import step_digest
from gate_events.pause import GateAnswer
from gate_events.records import DecisionMade, PlanDecided
from gate_events.words import DecisionKind, GateState
from tests.model.reference import Reference
from tests.model.universe import K
from tests.model.world import Picture, World

LAWS = (
    "a_closed_gate_never_changes",
    "the_first_deciding_decision_in_the_logs_order_wins",
    "a_timeout_never_approves",
    "nothing_that_was_revoked_is_begun",
    "no_effect_without_a_clearance_whose_content_equals",
    "a_quorum_counts_distinct_people_and_never_the_proposer",
    "every_decision_ever_delivered_is_accounted_for",
    "at_most_one_worker_holds_a_run_and_tokens_only_grow",
    "a_ready_run_has_an_answer_for_its_present_pause",
    "succeeded_effects_never_go_back",
    "the_outbox_holds_a_verdict_for_every_closed_gate_exactly_once",
)
GROUPS = {"LATE": "INERT", "REFUSED": "INERT"}


class Laws(RuleBasedStateMachine):
    """The invariants. What a law forbids for good is remembered here."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.begin()
        self.reference = Reference()
        self.reference.shown = self.world.shown
        self.delivered: dict[UUID, DecisionMade] = {}
        self.dead: set[UUID] = set()
        self.given_up: set[UUID] = set()
        self.refused_checkpoints: list[tuple[str, str]] = []
        self.seen_rows: dict[int, Any] = {}
        self.closed: dict[UUID, tuple[str, str]] = {}
        self.tokens: dict[str, int] = {}
        self.succeeded: set[UUID] = set()
        self._picture: Picture | None = None

    @property
    def now_there(self) -> Picture:
        """The store as the last rule left it; read once a step."""
        if self._picture is None:
            self._picture = self.world.picture()
            for row, record in self._picture.outbox:
                if row not in self.seen_rows:
                    self.seen_rows[row] = record
                    self.reference.said_by_the_store(record)
        return self._picture

    def changed(self) -> None:
        """A rule has written."""
        self._picture = None

    @invariant()
    def every_law_holds(self) -> None:
        for law in LAWS:
            getattr(self, law)()

    def a_closed_gate_never_changes(self) -> None:
        for gate, row in self.now_there.gates.items():
            if row.state != "PENDING":
                assert self.closed.setdefault(gate, (row.state, row.verdict)) == (row.state, row.verdict)
        assert set(self.closed) <= set(self.now_there.gates)

    def the_first_deciding_decision_in_the_logs_order_wins(self) -> None:
        rows = self.now_there.gates
        _same(
            {gate: row.state for gate, row in rows.items()},
            {name: gate.state for name, gate in self.reference.gates.items()},
        )
        for name, gate in self.reference.gates.items():
            if gate.closed_by:
                verdict = _verdict(rows[name])
                assert verdict.decision_id == gate.closed_by.event_id

    def a_timeout_never_approves(self) -> None:
        for name, gate in self.reference.gates.items():
            if gate.closed_by and gate.closed_by.kind is DecisionKind.EXPIRE:
                verdict = _verdict(self.now_there.gates[name])
                assert (verdict.state, verdict.execute) == (GateState.EXPIRED, False)
        for row in self.now_there.runs.values():
            if row.answer and row.answer["state"] != "APPROVED":
                assert row.digest is None
                assert not row.answer["steps"]

    def no_effect_without_a_clearance_whose_content_equals(self) -> None:
        for row in self.now_there.effects.values():
            cleared = self.reference.cleared[row.digest]
            assert cleared.plan == row.plan_id
            assert row.step_digest == step_digest(row.plan_id, cleared.steps[row.step_id])
        plans = {digest: each.plan for digest, each in self.reference.cleared.items()}
        _same({digest: row.plan_id for digest, row in self.now_there.cleared.items()}, plans)
        contents = Counter(
            (row.plan_id, row.step_id, row.step_digest) for row in self.now_there.effects.values()
        )
        assert all(count == 1 for count in contents.values()), "one effect has two keys"

    def nothing_that_was_revoked_is_begun(self) -> None:
        revoked = {digest for digest, each in self.reference.cleared.items() if each.revoked}
        assert self.now_there.revoked == revoked
        # what an outcome alone tells (token 0), somebody began who had not heard of the revocation
        begun = {row.digest for row in self.now_there.effects.values() if row.token != 0}
        assert not begun & revoked

    def a_quorum_counts_distinct_people_and_never_the_proposer(self) -> None:
        voices = defaultdict(list)
        for row in self.now_there.decisions.values():
            if row.kind in ("APPROVE", "CONFIRM") and row.disposition in ("COUNTED", "DECIDED"):
                voices[row.gate_id].append(row.decided_by)
        for name, row in self.now_there.gates.items():
            request = self.reference.gates[name].request
            assert not {request.proposer, request.agent.name} & set(voices[name])
            assert len(set(voices[name])) == len(voices[name])
            closed_by = self.reference.gates[name].closed_by
            if row.state == "APPROVED" and closed_by and closed_by.kind in (K.APPROVE, K.CONFIRM):
                assert len(voices[name]) == request.review.terms.quorum

    def every_decision_ever_delivered_is_accounted_for(self) -> None:
        ours = {name for name, row in self.now_there.decisions.items() if row.record["event_id"] != str(name)}
        recorded = {
            name: GROUPS.get(row.disposition, row.disposition)
            for name, row in self.now_there.decisions.items()
            if name not in ours
        }
        _same(recorded, {name: heard.fate for name, heard in self.reference.heard.items()})
        assert len(ours) == len(self.reference.under_another_id)
        assert set(recorded) <= set(self.delivered) <= set(recorded) | self.given_up | self.dead

    def at_most_one_worker_holds_a_run_and_tokens_only_grow(self) -> None:
        for thread, row in self.now_there.runs.items():
            run = self.reference.runs.all[thread]
            assert (row.status, row.token, row.worker) == (run.status, run.token, run.worker), thread
            assert (row.plan_id, row.asked_digest, row.digest) == (run.plan, run.asked, run.digest), thread
            assert row.token >= self.tokens.get(thread, 0)
            self.tokens[thread] = row.token
        assert set(self.now_there.runs) == set(self.reference.runs.all)

    def a_ready_run_has_an_answer_for_its_present_pause(self) -> None:
        for thread, row in self.now_there.runs.items():
            assert (row.answer is not None) == self.reference.runs.all[thread].answered, thread
            if row.status == "READY" or row.answer:
                answer = _answer(row)
                assert answer.plan_id == row.plan_id
                assert self.reference.runs.all[thread].pause is not None
                assert row.digest in (None, answer.digest)

    def succeeded_effects_never_go_back(self) -> None:
        rows = self.now_there.effects
        _same(
            {(row.plan_id, row.step_id, row.step_digest): (row.state, row.digest) for row in rows.values()},
            {key: (each.state, each.digest) for key, each in self.reference.runs.effects.all.items()},
        )
        assert all(rows[name].state == "SUCCEEDED" for name in self.succeeded)
        self.succeeded |= {name for name, row in rows.items() if row.state == "SUCCEEDED" and row.token}

    def the_outbox_holds_a_verdict_for_every_closed_gate_exactly_once(self) -> None:
        closed = {gate for gate, row in self.now_there.gates.items() if row.state != "PENDING"}
        words = [each for each in self.seen_rows.values() if isinstance(each, PlanDecided)]
        gates = Counter(each.request_id for each in words if each.request_id in self.now_there.gates)
        assert gates == Counter(closed)
        told = {each.digest for each in words if each.request_id not in self.now_there.gates}
        assert told == self.now_there.revoked, "a service that is not told of a revocation"


def _same(store: Mapping[Any, Any], model: Mapping[Any, Any]) -> None:
    names = store.keys() | model.keys()
    unlike = {
        name: (store.get(name), model.get(name)) for name in names if store.get(name) != model.get(name)
    }
    assert not unlike, f"(in the store, in the model): {unlike}"


def _verdict(row: Any) -> PlanDecided:
    return msgspec.json.decode(row.verdict, type=PlanDecided)


def _answer(row: Any) -> GateAnswer:
    return msgspec.convert(row.answer, GateAnswer)
