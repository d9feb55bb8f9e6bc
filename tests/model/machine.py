"""Everything that can happen to a gate, a run and an effect, in any order."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from gate_events.digest import review_digest
from gate_events.ids import derived
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanDecided,
    PlanProposed,
)
from gate_events.words import DeciderKind, OutcomeStatus, Resolution, StepStatus, Tier
from gate_policy.edited import review_of_edit
from tests.model.laws import Laws
from tests.model.reference_claims import PlanRecord, asks_before, is_routed
from tests.model.universe import (
    CLEARED,
    PEOPLE,
    SECOND,
    SPEAKERS,
    STEPS,
    K,
    Sent,
    answers_to,
    pause_of,
    plan_of,
    proposed,
    routed,
    spoken,
)
from tests.store.examples import HOUR, executed, plan_id

MILLISECOND = timedelta(milliseconds=1)
MOVES = [
    timedelta(minutes=1),
    timedelta(minutes=31),
    HOUR,
    3 * HOUR,
    timedelta(days=3),
    -timedelta(minutes=7),
]
WHO = st.sampled_from([*PEOPLE * 3, *SPEAKERS])
steps_drawn = st.sampled_from(STEPS)


class GateMachine(Laws):
    """Requests, decisions, clearances, outcomes, the clock, the relay and redeliveries."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[Any, ApprovalRequested] = {}
        self.cleared: dict[Any, PlanCleared] = {}
        self.proposals: dict[Any, PlanProposed] = {}
        self.words = 0
        self.dead_letters: set[int] = set()  # of records in the topics

    # --- the router ---

    @rule(
        data=st.data(),
        who=st.sampled_from(["service", "revised", "revised", "stranger", "run", "run"]),
        revision=st.sampled_from([1, 1, 1, 2, 3]),
        steps=steps_drawn,
    )
    def the_router_takes_a_plan(self, data: st.DataObject, who: str, revision: int, steps: Any) -> None:
        """A service's; a run's; or one of a thread that nobody registered, also late, for an old pause."""
        if who == "run" and self.proposals:
            self._route(self.proposals.pop(data.draw(st.sampled_from(sorted(self.proposals)))))
        elif who == "revised" and self.asked:
            known: list[PlanRecord] = [*self.asked.values(), *self.cleared.values()]
            old = data.draw(st.sampled_from(known))
            self._route(proposed(old.plan_id, old.run, old.revision + 1, steps, self.world.now))
        elif who == "stranger":
            pause = pause_of(data.draw(st.sampled_from(["t1", "t2"])), data.draw(st.integers(1, 3)))
            self._route(proposed(plan_of(pause, 0), pause, revision, steps, self.world.now))
        else:
            plan = plan_id(f"p{data.draw(st.integers(0, 2))}")
            self._route(proposed(plan, None, revision, steps, self.world.now))

    @precondition(lambda self: self._of_services())
    @rule(data=st.data(), goal=st.sampled_from(["remind", "collect", "warn"]), claims=st.booleans())
    def a_plan_is_told_in_another_way(self, data: st.DataObject, goal: str, claims: bool) -> None:
        """No digest covers why, nor what a step claims."""
        request = data.draw(st.sampled_from(self._of_services()))
        claim = Tier.IRREVERSIBLE if claims else None
        steps = tuple(msgspec.structs.replace(each, claimed_tier=claim) for each in request.steps)
        plan = proposed(request.plan_id, None, request.revision, steps, self.world.now)
        record = routed(msgspec.structs.replace(plan, goal=goal))
        if isinstance(record, ApprovalRequested):
            self.world.send(record)

    @rule(
        number=st.integers(0, 2),
        steps=st.sampled_from(CLEARED),
        goals=st.lists(st.sampled_from(["remind", "collect", "warn"]), min_size=1, max_size=3),
        at_once=st.booleans(),
    )
    def routers_clear_a_plan(self, number: int, steps: Any, goals: list[str], at_once: bool) -> None:
        """As many as there are goals, which they were told, whatever the catalogue says of one.

        No digest covers it: the stricter one stands while nobody has begun, and then the first.
        """
        plan = proposed(plan_id(f"p{number}"), None, 1, steps, self.world.now)
        harmless = routed(plan)
        assert isinstance(harmless, PlanCleared)
        for goal in goals:
            word = msgspec.structs.replace(harmless, goal=goal)
            self.cleared[word.digest] = word
            self.world.send(word)
        if at_once:
            self._deliver_all()

    def _of_services(self) -> list[ApprovalRequested]:
        return [each for each in self.asked.values() if not each.run and is_routed(each)]

    def _route(self, plan: PlanProposed) -> None:
        """A proposal that comes twice is routed alike, as the router's own ids are."""
        record = routed(msgspec.structs.replace(plan, proposed_at=self.world.now))
        if isinstance(record, PlanCleared):
            self.cleared[record.digest] = record
            self.world.send(record)
        else:
            self._ask(self.asked.get(record.request_id, record))

    def _ask(self, request: ApprovalRequested) -> None:
        self.asked[request.request_id] = request
        self.world.send(request)

    # --- people ---

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), by=st.sampled_from(PEOPLE), at_once=st.booleans())
    def a_reviewer_says_something_sensible(self, data: st.DataObject, by: str, at_once: bool) -> None:
        request = self._some_request(data)
        kind = data.draw(st.sampled_from(answers_to(request)))
        who = request.proposer if kind is K.WITHDRAW else by
        self._say(request, kind, who, **self._parts(data, kind, request))
        if at_once:
            self._deliver_all()

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), by=WHO, kind=st.sampled_from(K), wrong=st.integers(0, 7))
    def somebody_says_anything(self, data: st.DataObject, by: str, kind: K, wrong: int) -> None:
        """Any kind by anybody, late, of another revision, digest, plan or gate, claiming to be another."""
        request = self._some_request(data)
        changes: list[dict[str, Any]] = [
            {},
            {"revision": request.revision + 1},
            {"digest": "f" * 64},
            {"plan_id": plan_id("another")},
            {"request_id": plan_id("no gate")},
            {"decided_at": request.review.terms.deadline + SECOND},
            {"review_digest": "f" * 64},
            {"decider": data.draw(st.sampled_from(DeciderKind))},
        ]
        self._say(request, kind, by, **{**self._parts(data, kind, request), **changes[wrong]})

    def _some_request(self, data: st.DataObject) -> ApprovalRequested:
        """Mostly of an open gate, if there is one."""
        still = [gate.request for gate in self.reference.gates.values() if gate.state == "PENDING"]
        return data.draw(st.sampled_from([*still * 3, *self.asked.values()]))

    def _parts(self, data: st.DataObject, kind: K, request: ApprovalRequested) -> dict[str, Any]:
        if kind is K.EDIT:
            steps: Any = data.draw(st.sampled_from([*STEPS, None]))
            seen = steps and asks_before(request) and data.draw(st.sampled_from([True, True, False]))
            shown = review_digest(review_of_edit(request, steps, self.world.catalogue)) if seen else None
            return {"steps": steps, "review_digest": shown}
        if kind is K.RESOLVE:
            return {"resolution": data.draw(st.sampled_from([*Resolution, None]))}
        return {}

    def _say(self, request: ApprovalRequested, kind: K, by: str, **parts: Any) -> None:
        decided_at = parts.pop("decided_at", self.world.now)
        self.words += 1
        name = derived("word", self.words)
        self.world.send(
            msgspec.structs.replace(spoken(request, kind, by, decided_at, **parts), event_id=name)
        )

    # --- executors ---

    @precondition(lambda self: self.asked or self.cleared)
    @rule(
        data=st.data(),
        status=st.sampled_from(OutcomeStatus),
        step=st.sampled_from(StepStatus),
        attempt=st.sampled_from([1, 1, 1, 2]),
    )
    def a_service_tells_an_outcome(
        self, data: st.DataObject, status: OutcomeStatus, step: StepStatus, attempt: int
    ) -> None:
        plans: list[Any] = [*self.cleared.values(), *self.asked.values()]
        plan = data.draw(st.sampled_from([each for each in plans if not each.run] or plans))
        told = executed(plan, status, step, self.world.now)
        self.words += 1
        self.world.send(
            msgspec.structs.replace(told, event_id=derived("outcome", self.words), attempt=attempt)
        )

    # --- the gatekeeper ---

    @rule(data=st.data(), how=st.sampled_from(["arrives", "arrives", "all", "some", "dies", "again"]))
    def the_gatekeeper_works(self, data: st.DataObject, how: str) -> None:
        """It takes all or some of what there is, dies before its commit, or is given records again."""
        match how:
            case "arrives":
                self._relay_all()
                self._deliver_all()
            case "all":
                self._deliver_all()
            case "some":
                batch = self._next(data)
                for log in self.world.logs.values():
                    log.read += sum(type(each.record) is log.kind for each in batch)
                self._deliver(batch)
            case "dies":
                self.world.deliver(self._next(data), commit=False)
                self.changed()
            case "again":
                self._deliver(self._read_before(data))

    def _next(self, data: st.DataObject) -> list[Sent]:
        batch: list[Sent] = []
        for log in self.world.logs.values():
            batch += log.records[log.read : log.read + data.draw(st.integers(0, 4))]
        return batch

    def _read_before(self, data: st.DataObject) -> list[Sent]:
        """Any stretch of each topic that was read before, in a cut of its own."""
        batch: list[Sent] = []
        for log in self.world.logs.values():
            if log.read:
                first = data.draw(st.integers(0, log.read - 1))
                batch += log.records[first : data.draw(st.integers(first, log.read))]
        return [each for each in batch if each.record.event_id not in self.given_up]

    def _deliver(self, batch: Sequence[Sent]) -> None:
        self._move(MILLISECOND)  # so that the store has no choice between runs that became READY at once
        assert self.now_there  # what the store has said so far
        dead = set(self.world.deliver(batch))
        assert dead == self.reference.take(batch, self.world.now)
        self.dead_letters |= {id(batch[place]) for place in dead}
        for place, each in enumerate(batch):
            if isinstance(each.record, DecisionMade):
                self.delivered[each.record.event_id] = each.record
                if place in dead:
                    self.dead.add(each.record.event_id)
                else:
                    self.given_up.discard(each.record.event_id)
        self.changed()

    def _deliver_all(self) -> None:
        batch = [each for log in self.world.logs.values() for each in log.records[log.read :]]
        for log in self.world.logs.values():
            log.read = len(log.records)
        self._deliver(batch)

    def _relay_all(self) -> None:
        for _, record in self.now_there.outbox:
            self._published(record)
        self.world.forget([row for row, _ in self.now_there.outbox])
        self.changed()

    # --- the relay ---

    @precondition(lambda self: self.now_there.outbox)
    @rule(data=st.data(), forget=st.booleans())
    def the_relay_publishes(self, data: st.DataObject, forget: bool) -> None:
        """Any rows in any order; where it dies before it forgets them, they come again."""
        rows = data.draw(st.permutations(self.now_there.outbox))
        rows = rows[: data.draw(st.integers(1, len(rows)))]
        for _, record in rows:
            self._published(record)
        if forget:
            self.world.forget([row for row, _ in rows])
            self.changed()

    def _published(self, record: Any) -> None:
        if isinstance(record, ApprovalRequested):
            self._ask(record)
        elif isinstance(record, PlanProposed) and record.run:
            self.proposals[str(record.event_id)] = record
        else:
            self.world.send(record)

    # --- the clock ---

    @rule(by=st.sampled_from(MOVES))
    def time_passes(self, by: timedelta) -> None:
        """The clock moves, then ticks."""
        self._move(by)
        assert self.now_there
        given_up = self.world.tick()
        self.reference.runs.lose_claims(self.world.now)
        for record in given_up:
            self.reference.give_up(record)
            self.given_up.add(record.event_id)
            if isinstance(record, DecisionMade):
                self._strike(record)
        assert not self.reference.refused_in_turn, "refused when its turn came, and never told"
        self.changed()

    def _move(self, by: timedelta) -> None:
        self.world.set_clock(self.world.now + by)
        self.reference.runs.now = self.world.now

    def _strike(self, decision: DecisionMade) -> None:
        """Given up: it is among the dead letters now, and no part of the log that gates are made of."""
        log = self.world.logs[DecisionMade]
        kept = [each for each in log.records[: log.read] if each.record != decision]
        log.records, log.read = kept + log.records[log.read :], len(kept)

    @precondition(lambda self: self.given_up & set(self.delivered))
    @rule(data=st.data())
    def an_operator_replays_a_dead_letter(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.given_up & set(self.delivered))))
        self.world.send(self.delivered[name])

    # --- the end ---

    def teardown(self) -> None:
        if self.reference.gates:
            self._settle()
            self._nobody_is_forgotten()
            self._the_log_tells_all()

    def _settle(self) -> None:
        """Everything that is under way arrives."""
        for _ in range(12):
            self._relay_all()
            self._deliver_all()
            if not self.now_there.outbox:
                return
        raise AssertionError("the outbox never falls silent")

    def _nobody_is_forgotten(self) -> None:
        """What waits for a human has an open gate; of rivals the newest alone is open."""
        open_gates = [gate.request for gate in self.reference.gates.values() if gate.state == "PENDING"]
        asked = {(each.plan_id, each.in_doubt.step_id) for each in open_gates if each.in_doubt is not None}
        for (plan, step, _), effect in self.reference.runs.effects.all.items():
            assert effect.state != "IN_DOUBT" or (plan, step) in asked, "a doubt that nobody is asked about"
        doubted = {
            (plan, step)
            for (plan, step, _), effect in self.reference.runs.effects.all.items()
            if effect.state == "IN_DOUBT"
        }
        assert asked <= doubted, "asked, though it is known what became of it"
        newest: dict[Any, int] = {}
        for word in self.reference.cleared.values():
            if word.use_by is None:
                newest[word.plan] = max(newest.get(word.plan, 0), word.revision)
        for gate in self.reference.gates.values():
            if asks_before(gate.request):
                plan = gate.request.plan_id
                newest[plan] = max(newest.get(plan, 0), gate.request.revision)
        for each in open_gates:
            if asks_before(each):
                assert each.revision == newest[each.plan_id], "an old revision is still asked about"
                told = self.reference.outcomes.last_of(each.digest)
                ran = told is not None and told.status is not OutcomeStatus.NOT_RUN
                assert not (ran and each.digest in self.reference.cleared), "an executed plan is asked about"

    def _the_log_tells_all(self) -> None:
        """Both topics into an empty store, but for the dead letters, give the same gates."""
        expected = self._gates_now()
        requests = self._not_dead(ApprovalRequested, lambda each: each.record.request_id in expected)
        said = self._not_dead(DecisionMade, lambda _: True)
        verdicts = {
            each.decision_id: each for each in self.seen_rows.values() if isinstance(each, PlanDecided)
        }
        self.world.empty()
        for each in [*said, *requests] if len(said) % 2 else [*requests, *said]:
            self.world.replay(each, verdicts)
        self.changed()
        assert self._gates_now() == expected

    def _not_dead(self, kind: type[Any], wanted: Callable[[Sent], bool]) -> list[Sent]:
        sent = self.world.logs[kind].records
        return [each for each in sent if id(each) not in self.dead_letters and wanted(each)]

    def _gates_now(self) -> dict[Any, Any]:
        return {name: (row.state, row.verdict) for name, row in self.now_there.gates.items()}
