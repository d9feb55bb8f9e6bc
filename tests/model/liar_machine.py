"""Honest plans among lies: proposers, routers, executors and deciders who say what is not theirs to say."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from gate_events.digest import review_digest
from gate_events.ids import derived, proposal_id
from gate_events.records import (
    ApprovalRequested,
    PlanCleared,
    PlanDecided,
    PlanExecuted,
    PlanProposed,
)
from gate_events.values import Step
from gate_events.words import OutcomeStatus, Resolution, StepStatus
from gate_policy.route import route
from gate_store.runs import pause_run, register_run
from tests.model import lies_of_outcomes, lies_of_plans, lies_of_words
from tests.model.liar_laws import CATALOGUE, OF_BEFORE, Honest, LiarLaws
from tests.model.lies import LIES, Fits, Pen, Victim
from tests.model.lies_of_words import honest_id
from tests.model.partitions import MILLISECOND
from tests.model.universe import LEASE_S, PATIENCE, PEOPLE, K, Sent, pause_of, plan_of, proposed, spoken, step
from tests.store.examples import HOUR, executed, plan_id

MOVES = (timedelta(minutes=1), timedelta(minutes=31), 2 * HOUR)
STEPS = (
    (step("s1", "a"), step("s2", "b", "look")),
    (step("s1", "a"),),
    (step("s1", "a", "pay"),),
    (step("s1", "a", "pay"), step("s2", "b", "note")),
    (step("s1", "a", "wire"),),
    (step("s1", "a", "look"),),
    (step("s1", "a", "note"), step("s2", "b", "look")),
)
COMES = st.sampled_from(["proposed", "proposed", "routed", "taken"])
GOALS = st.sampled_from(["remind", "remind", "collect"])
steps_drawn = st.sampled_from(STEPS)
ROOMS = (lies_of_outcomes, lies_of_plans, lies_of_words)  # their kinds are in LIES
KINDS = sorted(LIES)


class LiarMachine(LiarLaws):
    """Services, runs, a router, reviewers, one gatekeeper, and a liar with rights on every topic."""

    kinds: Sequence[str] = KINDS  # of lies

    def __init__(self) -> None:
        super().__init__()
        self.unrouted: list[PlanProposed] = []
        self.routed: list[Sent] = []
        self.count = 0

    def _send(self, record: Any, told: list[Sent]) -> None:
        told.append(self.send(record))

    # --- who proposes ---

    @rule(number=st.integers(0, 2), steps=steps_drawn, comes=COMES, goal=GOALS)
    def a_service_proposes(
        self, number: int, steps: tuple[Step, ...], comes: str, goal: str = "remind"
    ) -> None:
        """A plan, or its next revision."""
        name = plan_id(f"p{number}")
        known = [each.plan.revision for each in self.honest.values() if each.plan.plan_id == name]
        plan = proposed(name, None, max(known, default=0) + 1, steps, self.world.now)
        plan = msgspec.structs.replace(plan, goal=goal)
        self._note(plan)
        self.unrouted.append(plan)
        self._come(comes)

    @rule(number=st.integers(0, 2), steps=steps_drawn, comes=COMES)
    def a_run_pauses(self, number: int, steps: tuple[Step, ...], comes: str) -> None:
        """Once in its life. Its plan goes out of the store."""
        thread = f"t{number}"
        if thread in self.now_there.runs:
            return
        pause = pause_of(thread, 1)
        plan = proposed(plan_of(pause, 0), pause, 1, steps, self.world.now)
        plan = msgspec.structs.replace(plan, event_id=proposal_id(plan.plan_id))
        with self.world.store.begin() as conn:
            token = register_run(conn, thread, "billing", "agent", LEASE_S, self.world.now)
            pause_run(conn, thread, token, pause, plan, self.world.now)
        self._note(plan)
        self.changed()
        self._relay()
        self._come(comes)

    def _come(self, how: str) -> None:
        """How far a plan comes before anybody lies."""
        if how in ("routed", "taken"):
            self.the_router_routes()
        if how == "taken":
            self._take(self.pending)

    def _note(self, plan: PlanProposed) -> None:
        record = route(plan, CATALOGUE, now=self.world.now)
        self.honest[record.digest] = Honest(plan, record)

    # --- who routes ---

    @rule(late=st.booleans())
    def the_router_routes(self, late: bool = False) -> None:
        """One that is `late` with a rule of the catalogue clears what the gatekeeper would ask about."""
        for plan in self.unrouted:
            record = route(plan, CATALOGUE, now=self.world.now + MILLISECOND)
            before = route(plan, OF_BEFORE, now=self.world.now + MILLISECOND)
            record = before if late and isinstance(before, PlanCleared) else record
            self._send(record, self.true)
            self.routed.append(self.true[-1])
        self.unrouted.clear()

    # --- who lies ---

    @precondition(lambda self: self.honest)
    @rule(data=st.data(), heard=st.lists(st.booleans(), min_size=1, max_size=5))
    def the_liar_lies(self, data: st.DataObject, heard: list[bool]) -> None:
        """Once or several times; it is heard at once, or with what comes later."""
        for at_once in heard:
            self._lie(data)
            if at_once:
                self._take(self.pending)

    def _lie(self, data: st.DataObject) -> None:
        """As often before a plan's place is taken as after it; where somebody is asked, of the answer too."""
        self.count += 1
        victims = [self._victim(each) for each in self.honest.values()]
        early = [each for each in victims if not each.placed] or victims
        asked = [each for each in victims if each.gates] or victims
        victim = data.draw(st.sampled_from(data.draw(st.sampled_from([early, asked, victims]))))
        pen = Pen(self.count, self.world.now + MILLISECOND, data, CATALOGUE, [*self.said.values()])
        fitting = [name for name in self.kinds if victim.fits(LIES[name][0])]
        if not fitting:
            return
        words = [name for name in fitting if LIES[name][0] is Fits.ASKED]
        _, tell = LIES[data.draw(st.sampled_from(data.draw(st.sampled_from([fitting, words or fitting]))))]
        for record in tell(victim, pen):
            self._send(record, self.lies)

    def _victim(self, honest: Honest) -> Victim:
        digest = honest.record.digest
        about = [name for name, gate in self.now_there.gates.items() if gate.digest == digest]
        still = [self.shown(name) for name in about if self.now_there.gates[name].state == "PENDING"]
        placed = digest in self.now_there.cleared or bool(about)
        harmless = isinstance(honest.record, PlanCleared) or honest.plan.goal == "collect"
        on_the_log = harmless and any(
            isinstance(each.record, PlanCleared) and each.record.digest == digest
            for each in [*self.true, *self.lies]
        )
        approved = any(each.digest == digest and each.kind is K.APPROVE for each in self.said.values())
        may_run = digest in self.now_there.cleared or on_the_log or approved
        return Victim(honest.plan, honest.record, placed, may_run, tuple(still))

    @precondition(lambda self: self.true)
    @rule(data=st.data())
    def the_liar_says_again_what_was_true(self, data: st.DataObject) -> None:
        """Long after its time, and to the letter."""
        self._send(data.draw(st.sampled_from(self.true)).record, self.said_again)

    # --- who decides ---

    @precondition(lambda self: self.now_there.gates)
    @rule(data=st.data(), by=st.sampled_from(PEOPLE), kind=st.sampled_from([K.APPROVE, K.APPROVE, K.REJECT]))
    def a_reviewer_decides(self, data: st.DataObject, by: str, kind: K) -> None:
        still = [name for name, gate in self.now_there.gates.items() if gate.state == "PENDING"]
        if still:
            self._decide(self.shown(data.draw(st.sampled_from(sorted(still)))), by, kind)

    def _decide(self, gate: ApprovalRequested, by: str, kind: K) -> None:
        """Once for each gate, and only who may; of a review or a doubt what is sensible there."""
        terms = gate.review.terms
        parts: dict[str, Any] = {"review_digest": review_digest(gate.review)}
        spoke = any(
            each.request_id == gate.request_id and each.decided_by == by for each in self.said.values()
        )
        if spoke or (terms.reviewers and by not in terms.reviewers):
            return
        if kind not in terms.allowed:
            kind = terms.allowed[0]
        if kind is K.RESOLVE:
            parts["resolution"] = Resolution.HAPPENED
        word = spoken(gate, kind, by, self.world.now + MILLISECOND, **parts)
        word = msgspec.structs.replace(word, event_id=honest_id(gate, by, kind))
        self.said[word.event_id] = word
        self._send(word, self.true)

    # --- who executes ---

    @precondition(lambda self: self.now_there.cleared.keys() - self.waiting)
    @rule(data=st.data(), done=st.booleans())
    def a_service_executes(self, data: st.DataObject, done: bool) -> None:
        digest = data.draw(st.sampled_from(sorted(self.now_there.cleared.keys() - self.waiting)))
        honest = self.honest[digest]
        if honest.plan.run or digest in {each.digest for each in self.executed.values()}:
            return
        status = (
            (OutcomeStatus.DONE, StepStatus.SUCCEEDED) if done else (OutcomeStatus.FAILED, StepStatus.FAILED)
        )
        told = executed(honest.record, *status, self.world.now)
        gate = self.now_there.cleared[digest].gate_id
        attempt = self.now_there.gates[gate].attempt if gate else 1
        told = msgspec.structs.replace(told, event_id=derived("told", digest), attempt=attempt)
        self.executed[told.event_id] = told
        self._send(told, self.true)

    # --- who keeps the gate ---

    @rule(data=st.data(), whole=st.booleans())
    def the_gatekeeper_works(self, data: st.DataObject, whole: bool) -> None:
        """It takes all that there is, or some partitions of some topics."""
        self._relay()
        self._take(self.pending if whole else self.some_partitions(data))

    def _take(self, chosen: Sequence[Sent]) -> None:
        batch = self.taken(chosen)
        self.heard |= {
            sent.record.digest
            for sent in self.routed
            if sent in batch and not self._may_have_begun(sent.record.digest)
        }
        for place, why in self.world.deliver(batch).items():
            self.refused[id(batch[place])] = why
        self.changed()

    def _may_have_begun(self, digest: str) -> bool:
        """As the store has it, or as a liar says, who may say so of what is cleared."""
        now, pending = self.now_there, {id(sent) for sent in self.pending}
        known = any(each.digest == digest for each in (*now.effects.values(), *now.outcomes.values()))
        return known or any(
            isinstance(sent.record, PlanExecuted) and sent.record.digest == digest
            for sent in self.lies
            if id(sent) not in pending
        )

    def _relay(self) -> None:
        """What the store said arrives."""
        for _, record in self.now_there.outbox:
            self.own.append(record)
            if isinstance(record, PlanProposed):
                self.unrouted.append(record)
            elif not isinstance(record, PlanDecided):
                self._send(record, self.true)
        self.world.forget([row for row, _ in self.now_there.outbox])
        self.changed()

    @rule(by=st.sampled_from(MOVES))
    def time_passes(self, by: timedelta) -> None:
        self.pass_time(by)
        self.given_up += self.world.tick()
        self.changed()

    # --- the end ---

    def teardown(self) -> None:
        if not self.honest:
            return
        self._settle()
        self.what_was_told_in_two_ways_is_asked_in_neither()
        for _ in range(2):  # who is not listed at one gate is at another
            for name, gate in self.now_there.gates.items():
                if gate.state == "PENDING":
                    for person in PEOPLE:
                        self._decide(self.shown(name), person, K.APPROVE)
            self._settle()
        self.every_law_holds()
        self.time_passes(2 * HOUR)
        self._settle()
        self.no_honest_plan_has_lost_its_place()
        self.time_passes(PATIENCE + HOUR)
        self._settle()
        self.every_law_holds()
        self.every_lie_was_answered_aloud()

    def _settle(self) -> None:
        for _ in range(12):
            self._relay()
            if self.unrouted:
                self.the_router_routes()
            if not self.pending:
                return
            self._take(self.pending)
        raise AssertionError("the store never falls silent")
