"""Runs under leases and their effects, on top of what happens to gates."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from gate_events.digest import plan_digest, step_digest
from gate_events.ids import effect_key, key_in_force
from gate_events.records import PlanProposed
from gate_events.values import Step
from gate_events.words import OutcomeStatus, Resolution
from gate_store.doubts import doubt_about, stale_question
from gate_store.engine.port import Act, ClaimedRun, FenceLostError, Intent, NotClearedError, Result, RunEnd
from gate_store.probing import doubted_steps, settle_by_probe
from gate_store.runs import RunBusyError, end_run, pause_run, register_run, renew_run
from stream_apps.resumer.outcomes import outbox_row, outcome
from tests.engine.scene import checkpoint_put
from tests.model.machine import MILLISECOND, GateMachine, steps_drawn
from tests.model.universe import LEASE_S, PEOPLE, STEPS, K, pause_of, plan_of, proposed
from tests.model.world import WORKERS, head_of
from tests.store.acting import look_at_doubts

THREADS = st.sampled_from(["t1", "t2"])
STEPS_ASKED = st.sampled_from([one for steps in STEPS for one in steps])
ACTIONS = {one.action_type for steps in STEPS for one in steps}
ENDED = st.sampled_from(["SUCCEEDED", "FAILED", "IN_DOUBT"])
MOSTLY = st.sampled_from([True, True, True, False])
WORKER = st.sampled_from(WORKERS)


NEEDS_RUN = ("begin", "finish", "end", "together", "renew")
WORK = (
    "claim",
    "claim",
    *("begin", "finish") * 3,
    "end",
    "end",
    "together",
    "renew",
    "reap",
    "lapse",
    "stop",
)
DOUBTS = ("doubt", "resolve", "probe", "probe", "relay", "deliver", "arrives", "arrives", "week", "claim")
ENDS = ("DONE", "DONE", "FAILED", "STALE", "READY", "PAUSED", "ASK")


@dataclass
class Held:
    """What a worker believes that it holds; never told that it lost it."""

    worker: str
    run: ClaimedRun


class RunMachine(GateMachine):
    """Two workers, and agents that plan."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Held] = []
        self.planning: list[tuple[str, int]] = []
        self.paused = 3  # strangers use the pauses below

    # --- an agent's process ---

    @rule(data=st.data(), how=st.sampled_from(["begin", "pause", "pause", "end", "renew"]), thread=THREADS)
    def an_agent_works(self, data: st.DataObject, how: str, thread: str) -> None:
        if how == "begin" or not self.planning:
            self._begin(thread)
        else:
            thread, token = data.draw(st.sampled_from([*self.planning, *self.planning[-1:] * 3]))
            self._go_on(how, thread, token, data.draw(steps_drawn))

    def _begin(self, thread: str) -> None:
        runs, now = self.reference.runs, self.world.now
        with self.world.store.begin() as conn:
            try:
                token = register_run(conn, thread, "billing", "agent", LEASE_S, now)
            except RunBusyError:
                assert not runs.may_register(thread, now)
                return
        assert runs.may_register(thread, now)
        runs.register(thread, "agent", now)
        assert token == runs.all[thread].token
        self.planning.append((thread, token))
        self.changed()

    def _go_on(self, how: str, thread: str, token: int, steps: tuple[Step, ...]) -> None:
        """It pauses at the gate, ends without one, or lives; also an agent that lost its run."""
        owns = self.reference.runs.holds(thread, token)
        self.paused += 1
        pause = pause_of(thread, self.paused)
        plan = proposed(plan_of(pause, 0), pause, 1, steps, self.world.now)
        with self.world.store.begin() as conn:
            if how == "renew":
                assert renew_run(conn, thread, token, LEASE_S, self.world.now) == owns
            else:
                try:
                    if how == "end":
                        end_run(conn, thread, token, "DONE", self.world.now)
                    else:
                        pause_run(conn, thread, token, pause, plan, self.world.now)
                except FenceLostError:
                    assert not owns
                    return
                assert owns
        if owns and how == "renew":
            self.reference.runs.renew(thread, self.world.now)
        elif owns:
            status = "DONE" if how == "end" else "PAUSED"
            self.reference.runs.leave(thread, status, pause, plan.plan_id, _digest(plan))
        self.changed()

    # --- the whole way, since few walks of chance go it ---

    @rule(data=st.data(), thread=THREADS, steps=steps_drawn)
    def a_run_comes_through_its_gate(self, data: st.DataObject, thread: str, steps: Any) -> None:
        """It pauses at a gate of its own; people approve or edit; a worker claims it, and begins."""
        self._begin(thread)
        if self.planning:
            self._go_on("pause", *self.planning[-1], steps)
        self._relay_all()
        for plan in list(self.proposals.values()):
            self._route(plan)
        self.proposals.clear()
        self._deliver_all()
        waiting = [g.request for g in self.reference.gates.values() if g.state == "PENDING" and g.request.run]
        for request in waiting[-1:]:
            for person in PEOPLE:
                self._say(request, K.APPROVE, person)
            self._deliver_all()
        self._claim(data.draw(WORKER))
        if self.held:
            self._begin_effect(data)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), acts=st.lists(st.sampled_from(["begin", "finish", "end", "together"]), max_size=4))
    def a_worker_is_stopped_and_wakes_as_a_zombie(self, data: st.DataObject, acts: list[str]) -> None:
        """Its run is reaped and claimed by the other; then it goes on as if nothing had been."""
        zombie = data.draw(st.sampled_from(self.held[::-1]))
        self._move(timedelta(seconds=LEASE_S + 1))
        other = next(worker for worker in WORKERS if worker != zombie.worker)
        self._reap(other)
        self._claim(other)
        for act in acts:
            if act == "together":
                self._flush_together(data)
            else:
                {"begin": self._begin_effect, "finish": self._end_effect, "end": self._end_run}[act](
                    data, zombie
                )

    @precondition(lambda self: self.held)
    @rule(data=st.data(), worker=WORKER, acts=st.lists(st.sampled_from(DOUBTS), max_size=8))
    def a_run_struggles_with_a_doubt(self, data: st.DataObject, worker: str, acts: list[str]) -> None:
        """A step that was begun is doubted; people, probes and the clock have their say in any order."""
        for act in ("doubt", *acts):
            if act == "doubt":
                self._doubt_what_was_begun(data)
            elif act == "resolve":
                self._resolve_something(data)
            elif act == "probe":
                self._probe(data, happened=data.draw(st.booleans()))
            elif act == "week":
                self.time_passes(timedelta(days=8))
            elif act == "claim":
                self._claim(worker)
            else:
                self._something_arrives(act)

    def _something_arrives(self, act: str) -> None:
        if act in ("relay", "arrives"):
            self._relay_all()
        if act in ("deliver", "arrives"):
            self._deliver_all()

    def _doubt_what_was_begun(self, data: st.DataObject) -> None:
        runs = self.reference.runs
        begun = [
            (held, effect.step)
            for held in self.held
            for (plan, _, _), effect in runs.effects.all.items()
            if runs.holds(held.run.thread_id, held.run.token)
            and (plan, effect.state, effect.thread) == (held.run.plan_id, "CLAIMED", held.run.thread_id)
            and effect.step in held.run.answer.steps
        ]
        if begun:
            self._finish_as(*data.draw(st.sampled_from(begun)), "IN_DOUBT")

    def _resolve_something(self, data: st.DataObject) -> None:
        doubts = [
            g.request for g in self.reference.gates.values() if g.state == "PENDING" and g.request.in_doubt
        ]
        if doubts:
            self._say(doubts[-1], K.RESOLVE, "ada", resolution=data.draw(st.sampled_from(Resolution)))

    def _probe(self, data: st.DataObject, *, happened: bool) -> None:
        """Also one that another process has asked before."""
        self._move(MILLISECOND)
        with self.world.store.begin() as conn:
            found = doubted_steps(conn, ACTIONS, None)
        named = {
            (each.thread_id, (each.plan_id, each.step.step_id, step_digest(each.plan_id, each.step))): each
            for each in found
        }
        assert named.keys() == self.reference.runs.doubted()
        if not found:
            return
        name = data.draw(st.sampled_from(sorted(named)))
        for settles in (True, False):
            with self.world.store.begin() as conn:
                done = settle_by_probe(conn, named[name], happened=happened, now=self.world.now)
                look_at_doubts(conn, self.world.now)
            assert done == settles
        self.reference.runs.probed(*name, happened=happened)
        self.changed()

    # --- the resumers ---

    @rule(data=st.data(), worker=WORKER, what=st.sampled_from(WORK))
    def a_worker_works(self, data: st.DataObject, worker: str, what: str) -> None:
        if what == "claim" or (what in NEEDS_RUN and not self.held):
            self._claim(worker)
        elif what == "begin":
            self._begin_effect(data)
        elif what == "finish":
            self._end_effect(data)
        elif what == "end":
            self._end_run(data)
        elif what == "together":
            self._flush_together(data)
        elif what == "renew":
            self._renew(worker)
        elif what == "reap":
            self._reap(worker)
        elif what == "lapse":
            self._move(timedelta(seconds=LEASE_S + 1))
            self._reap(worker)
        else:
            self._shut_down(worker)

    def _claim(self, worker: str) -> None:
        offered, count = self.reference.runs.offered(self.world.now, 2)
        taken = self.world.do(self.world.ports[worker].claim(worker, 2, LEASE_S))
        names = [run.thread_id for run in taken]
        assert len(names) == len(set(names)) == count
        assert set(names) <= offered
        for run in sorted(taken, key=lambda one: one.thread_id):  # among equals the store is free
            self.reference.runs.claim(run.thread_id, worker, self.world.now)
            known = self.reference.runs.all[run.thread_id]
            assert (run.token, run.plan_id, run.digest) == (known.token, known.plan, known.digest)
            assert run.answer.plan_id == known.plan
            self.held.append(Held(worker, run))
        self.changed()

    def _begin_effect(self, data: st.DataObject, by: Held | None = None) -> None:
        """A step as approved, or any other; the worker may have lost the run."""
        step, repeat, right = data.draw(STEPS_ASKED), data.draw(st.booleans()), data.draw(MOSTLY)
        held = by or self._some_held(data)
        if right and held.run.answer.steps:
            step = data.draw(st.sampled_from(held.run.answer.steps))
        digest = step_digest(held.run.plan_id, step)
        intent = Intent(self._key(held.run.plan_id, step), step, digest, None, repeat)
        runs, name = self.reference.runs, held.run.thread_id
        owns = runs.holds(name, held.run.token)
        may = owns and runs.may_begin(name, step, self.world.now, repeat=repeat)
        refusal = self._flush(held, Act(name, held.run.token, intents=[intent]), may=may)
        if may:
            runs.begin(name, step, self.world.now)
        elif owns:
            assert isinstance(refusal, NotClearedError)

    def _key(self, plan: Any, step: Step) -> Any:
        """The first content of a step has the plain key; other content is another effect."""
        plain, digest = effect_key(plan, step.step_id), step_digest(plan, step)
        first = self.now_there.effects.get(plain)
        return key_in_force(plan, step.step_id, digest, first.step_digest if first else None)

    def _end_effect(self, data: st.DataObject, by: Held | None = None) -> None:
        held, state = by or self._some_held(data), data.draw(ENDED)
        if held.run.answer.steps:
            self._finish_as(held, data.draw(st.sampled_from(held.run.answer.steps)), state)

    def _finish_as(self, held: Held, step: Step, state: str) -> None:
        runs, name = self.reference.runs, held.run.thread_id
        owns = runs.holds(name, held.run.token)
        may = owns and runs.may_finish(name, step)
        result = Result(self._key(held.run.plan_id, step), state, "", None)
        act = Act(name, held.run.token, results=[result])
        if may and state == "IN_DOUBT":
            act.results = [replace(result, doubt_id=self._doubt(act, held, step))]
        self._flush(held, act, may=may)
        if may:
            runs.finish(name, step, state, act.results[0].doubt_id)
        if may and state == "IN_DOUBT":
            runs.end(name, "IN_DOUBT")

    def _doubt(self, act: Act, held: Held, step: Step) -> Any:
        """As the resumer does: the result, the run's end and the question in one act."""
        assert held.run.digest
        with self.world.store.connect() as conn:
            question = doubt_about(conn, held.run.digest, step, "it was begun", self.world.now)
        act.end = RunEnd("IN_DOUBT", "a human is asked")
        act.outbox = [outbox_row(question)]
        return question.request_id

    def _end_run(self, data: st.DataObject, by: Held | None = None) -> None:
        status = data.draw(st.sampled_from(ENDS))
        held = by or self._some_held(data)
        runs, name, now = self.reference.runs, held.run.thread_id, self.world.now
        act = Act(name, held.run.token, end=RunEnd("PAUSED" if status == "ASK" else status))
        pause, plan, asked = held.run.pause, held.run.plan_id, None
        if status == "DONE":
            told = outcome(held.run, held.run.answer.steps, held.run.effects, OutcomeStatus.DONE, "w", now)
            act.outbox = [outbox_row(told)]
        elif status == "READY":
            act.end = RunEnd("READY", not_before=now + timedelta(minutes=2))
        elif status == "PAUSED":
            self.paused += 1
            pause = pause_of(name, self.paused)
            proposal = proposed(plan_of(pause, 0), pause, 1, data.draw(steps_drawn), now)
            plan, asked = proposal.plan_id, _digest(proposal)
            act.outbox = [outbox_row(proposal)]
        elif status == "ASK":
            if held.run.digest is None or self.reference.cleared[held.run.digest].use_by is None:
                return
            with self.world.store.connect() as conn:
                act.outbox = [outbox_row(stale_question(conn, held.run.digest, now))]
        if status in ("PAUSED", "ASK"):
            act.end = RunEnd("PAUSED", pause=pause, plan_id=plan, asked_digest=asked)
        may = runs.holds(name, held.run.token)
        self._flush(held, act, may=may)
        if may:
            assert act.end
            runs.end(name, act.end.status, pause, plan, asked, act.end.not_before)

    def _flush_together(self, data: st.DataObject) -> None:
        """Acts of owners and of zombies in one transaction: each is judged alone."""
        acts = {
            (h.run.thread_id, h.run.token): self._with_checkpoint(Act(h.run.thread_id, h.run.token))
            for h in self.held
        }
        chosen = data.draw(st.permutations(list(acts.values())))[:4]
        refusals = self.world.do(self.world.ports["w1"].flush(chosen))
        for act, refusal in zip(chosen, refusals, strict=True):
            owns = self.reference.runs.holds(act.thread_id, act.token)
            assert (refusal is None) == owns
            assert self.world.has_checkpoint(act.thread_id, str(act.new_head)) == owns

    def _renew(self, worker: str) -> None:
        runs, mine = self.reference.runs, [h.run for h in self.held if h.worker == worker]
        tokens = [(run.thread_id, run.token) for run in mine]
        kept = {thread for thread, token in tokens if runs.holds(thread, token)}
        newest = {thread: (thread, token) for thread, token in sorted(tokens)}
        lost = self.world.do(self.world.ports[worker].renew(worker, list(newest.values()), LEASE_S))
        assert lost == set(newest) - kept
        for thread in kept:
            runs.renew(thread, self.world.now)
        self.changed()

    def _reap(self, worker: str) -> None:
        lapsed = self.reference.runs.lapsed(self.world.now)
        assert self.world.do(self.world.ports[worker].reap(100)) == len(lapsed)
        for thread in lapsed:
            self.reference.runs.give_back(thread, died=True)
        self.changed()

    def _shut_down(self, worker: str) -> None:
        """Also claims that it lost since are given back: in vain."""
        mine = self.reference.runs.held_by(worker)
        claims = {(h.run.thread_id, h.run.token) for h in self.held if h.worker == worker}
        assert self.world.do(self.world.ports[worker].release(worker, sorted(claims))) == len(mine)
        for thread in mine:
            self.reference.runs.give_back(thread, died=False)
        self.changed()

    def _some_held(self, data: st.DataObject) -> Held:
        """Mostly by who owns it; else by a zombie."""
        owned = [each for each in self.held if self.reference.runs.holds(each.run.thread_id, each.run.token)]
        return data.draw(st.sampled_from([*owned * 3, *self.held]))

    def _flush(self, held: Held, act: Act, *, may: bool) -> Any:
        """One act with a checkpoint; what was refused has left no trace."""
        act = self._with_checkpoint(act)
        [refusal] = self.world.do(self.world.ports[held.worker].flush([act]))
        assert (refusal is None) == may, refusal
        if not self.reference.runs.holds(act.thread_id, act.token):
            assert isinstance(refusal, FenceLostError)
        assert self.world.has_checkpoint(act.thread_id, str(act.new_head)) == may
        assert not may or self.world.do(self.world.ports[held.worker].fate(act))
        self.changed()
        return refusal

    def _with_checkpoint(self, act: Act) -> Act:
        put = checkpoint_put(head_of(act.thread_id))
        act.puts, act.new_head = [put], put.checkpoint["id"]
        return act


def _digest(plan: PlanProposed) -> str:
    return plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)
