"""What the laws say about runs and effects, in plain dictionaries."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gate_events.digest import step_digest
from gate_events.records import PlanExecuted
from gate_events.values import RunIdentity, Step
from gate_events.words import Resolution, StepStatus
from tests.model.universe import LEASE_S

_REST = ("PAUSED", "DONE", "FAILED", "STALE")


@dataclass
class Run:
    """A thread under watch."""

    status: str
    token: int = 0
    plan: UUID | None = None
    pause: RunIdentity | None = None
    digest: str | None = None
    answered: bool = False
    worker: str | None = None
    lease_until: datetime | None = None
    not_before: datetime | None = None
    alone: bool = False  # its worker died with it in hand


@dataclass
class Effect:
    """A step that was begun."""

    state: str
    digest: str
    step: Step
    token: int
    thread: str | None
    claimed_at: datetime
    executor: str | None = None


class Effects:
    """One effect per plan and step."""

    def __init__(self) -> None:
        self.all: dict[tuple[UUID, str], Effect] = {}

    def begun_under(self, digest: str) -> bool:
        return any(each.digest == digest for each in self.all.values())

    def of(self, plan: UUID, steps: dict[str, Step]) -> dict[str, Effect]:
        """What is known of these very steps."""
        found = {name: self.all.get((plan, name)) for name in steps}
        return {
            name: effect
            for name, effect in found.items()
            if effect and step_digest(plan, effect.step) == step_digest(plan, steps[name])
        }

    def note(self, outcome: PlanExecuted, steps: dict[str, Step]) -> None:
        known = self.of(outcome.plan_id, steps)
        for result in outcome.results:
            if result.step_id in steps and result.status is not StepStatus.SKIPPED:
                told = Effect(
                    "IN_DOUBT" if result.status.in_doubt else result.status.value,
                    outcome.digest,
                    steps[result.step_id],
                    0,
                    None,
                    result.finished_at,
                )
                self.all.setdefault((outcome.plan_id, result.step_id), told)
                before = known.get(result.step_id)
                if before and before.state in ("FAILED", "IN_DOUBT", "RETRY"):
                    before.state = told.state

    def contradict(self, first: PlanExecuted, second: PlanExecuted, steps: dict[str, Step]) -> None:
        """Of two that differ neither is believed."""
        said = [{each.step_id: each.status for each in told.results} for told in (first, second)]
        for name, step in steps.items():
            one, other = (told.get(name, StepStatus.SKIPPED) for told in said)
            if one is not other:
                told = Effect("IN_DOUBT", second.digest, step, 0, None, second.executed_at)
                self.all.setdefault((second.plan_id, name), told)
                if name in self.of(second.plan_id, steps):
                    self.all[second.plan_id, name].state = "IN_DOUBT"


class Runs:
    """Runs, leases and what they may do."""

    def __init__(self, cleared: dict[str, Any], now: datetime) -> None:
        self.cleared = cleared
        self.now = now
        self.all: dict[str, Run] = {}
        self.effects = Effects()

    def bind(self, pause: RunIdentity, plan: UUID) -> None:
        run = self.all.get(pause.thread_id)
        if run is None:
            self.all[pause.thread_id] = Run("PAUSED", 0, plan, pause)
            return
        older = run.pause is not None and pause.checkpoint_id < run.pause.checkpoint_id
        if run.status in _REST and run.plan != plan and not older:
            self.all[pause.thread_id] = Run("PAUSED", run.token, plan, pause)

    def answer(self, pause: RunIdentity, plan: UUID, digest: str | None) -> None:
        run = self.all.get(pause.thread_id)
        if run and (run.status, run.plan, run.pause) == ("PAUSED", plan, pause):
            self.all[pause.thread_id] = Run(
                "READY", run.token, plan, pause, digest, answered=True, not_before=self.now
            )

    def resolve(self, plan: UUID, step_id: str, pause: RunIdentity | None, how: Resolution | None) -> None:
        effect = self.effects.all.get((plan, step_id))
        if effect and effect.state == "IN_DOUBT":
            ends = {Resolution.HAPPENED: "SUCCEEDED", Resolution.RETRY: "RETRY", Resolution.ABANDON: "FAILED"}
            effect.state = ends[how]  # type: ignore[index]  # the caller refused None
        if pause:
            self._go_on(pause.thread_id, plan)

    def doubted(self) -> set[tuple[str, UUID, str]]:
        """The steps in doubt of runs that rest because of that."""
        return {
            (thread, plan, step_id)
            for thread, run in self.all.items()
            for (plan, step_id), effect in self.effects.all.items()
            if (run.status, run.plan) == ("IN_DOUBT", plan) and effect.state == "IN_DOUBT"
        }

    def probed(self, thread: str, plan: UUID, step_id: str, *, happened: bool) -> None:
        self.effects.all[plan, step_id].state = "SUCCEEDED" if happened else "RETRY"
        self._go_on(thread, plan)

    def _go_on(self, thread: str, plan: UUID) -> None:
        run = self.all.get(thread)
        if any(thread == doubted for doubted, _, _ in self.doubted()):
            return
        if run and (run.status, run.plan) == ("IN_DOUBT", plan) and run.answered:
            run.status, run.not_before = "READY", self.now

    # --- the agent's process ---

    def may_register(self, thread: str, now: datetime) -> bool:
        run = self.all.get(thread)
        if run is None or run.status in ("DONE", "FAILED", "STALE"):
            return True
        lapsed = run.lease_until is not None and run.lease_until < now
        return run.status == "RUNNING" and not run.answered and lapsed

    def register(self, thread: str, worker: str, now: datetime) -> None:
        token = self.all[thread].token + 1 if thread in self.all else 1
        self.all[thread] = Run("RUNNING", token, worker=worker, lease_until=_lease(now))

    # --- the resumer's process ---

    def ready(self, now: datetime) -> set[str]:
        return {
            name
            for name, run in self.all.items()
            if run.status == "READY" and (run.not_before is None or run.not_before <= now)
        }

    def claim(self, thread: str, worker: str, now: datetime) -> None:
        run = self.all[thread]
        run.status, run.token, run.worker, run.lease_until = "RUNNING", run.token + 1, worker, _lease(now)

    def holds(self, thread: str, token: int) -> bool:
        run = self.all.get(thread)
        return run is not None and (run.status, run.token) == ("RUNNING", token)

    def offered(self, now: datetime, limit: int) -> tuple[set[str], int]:
        """What a claim may hand out, and how many; a run that is to be tried alone comes alone."""
        ready = self.ready(now)
        alone = {name for name in ready if self.all[name].alone}
        return (alone, 1) if alone else (ready, min(limit, len(ready)))

    def give_back(self, thread: str, *, died: bool) -> None:
        run = self.all[thread]
        run.alone = run.alone or died
        run.status, run.token, run.worker, run.lease_until = "READY", run.token + 1, None, None

    def lapsed(self, now: datetime) -> set[str]:
        return {
            name
            for name, run in self.all.items()
            if run.status == "RUNNING" and run.answered and run.lease_until and run.lease_until < now
        }

    def held_by(self, worker: str) -> set[str]:
        return {
            name
            for name, run in self.all.items()
            if run.status == "RUNNING" and run.answered and run.worker == worker
        }

    def may_begin(self, thread: str, step: Step, now: datetime, *, repeat: bool) -> bool:
        """Law 1, 2, 5 and 10 for a run that holds its lease."""
        run = self.all[thread]
        if run.digest is None or not self.covers(run.digest, step, now):
            return False
        if not (self._in_time(run.digest, now) or self._goes_on(run)):
            return False
        assert run.plan
        before = self.effects.all.get((run.plan, step.step_id))
        if before is None:
            return True
        if before.digest != run.digest:
            return False
        lost = before.state == "CLAIMED" and before.token < run.token
        return before.state == "RETRY" or (repeat and (before.state == "FAILED" or lost))

    def _in_time(self, digest: str, now: datetime) -> bool:
        """Also the time that a begun plan has beyond its use-by."""
        until = self.cleared[digest].begun_until
        return until is None or now < until

    def _goes_on(self, run: Run) -> bool:
        """Under the lease in which it was begun."""
        return any(
            (effect.digest, effect.token, effect.executor) == (run.digest, run.token, run.worker)
            for effect in self.effects.all.values()
        )

    def covers(self, digest: str, step: Step, now: datetime) -> bool:
        clearance = self.cleared.get(digest)
        if clearance is None or clearance.steps.get(step.step_id) != step:
            return False
        in_time = clearance.use_by is None or now < clearance.use_by
        return in_time or self.effects.begun_under(digest)

    def begin(self, thread: str, step: Step, now: datetime) -> None:
        run = self.all[thread]
        assert run.plan
        assert run.digest
        self.effects.all[run.plan, step.step_id] = Effect(
            "CLAIMED", run.digest, step, run.token, thread, now, run.worker
        )

    def may_finish(self, thread: str, step_id: str) -> bool:
        run = self.all[thread]
        assert run.plan
        effect = self.effects.all.get((run.plan, step_id))
        return effect is not None and effect.thread == thread and effect.state in ("CLAIMED", "IN_DOUBT")

    def finish(self, thread: str, step_id: str, state: str) -> None:
        run = self.all[thread]
        assert run.plan
        effect = self.effects.all[run.plan, step_id]
        effect.state, effect.token = state, run.token

    # --- a service with the ledger ---

    def grant(self, plan: UUID, digest: str, step: Step, now: datetime, *, idempotent: bool) -> str:
        """What the ledger says, and what it writes down."""
        clearance = self.cleared.get(digest)
        if clearance is None or clearance.plan != plan or clearance.steps.get(step.step_id) != step:
            return "REFUSED"
        before = self.effects.all.get((plan, step.step_id))
        word = _word(before, now, idempotent=idempotent)
        if word == "GO":
            if not self.covers(digest, step, now):
                return "REFUSED"
            self.effects.all[plan, step.step_id] = Effect("CLAIMED", digest, step, -1, None, now)
        elif word == "IN_DOUBT" and before:
            before.state = "IN_DOUBT"
        return word

    def renew(self, thread: str, now: datetime) -> None:
        self.all[thread].lease_until = _lease(now)

    def leave(self, thread: str, status: str, pause: RunIdentity, plan: UUID) -> None:
        """The agent's process lets go."""
        at_gate = (plan, pause) if status == "PAUSED" else (None, None)
        self.all[thread] = Run(status, self.all[thread].token, *at_gate)

    def end(
        self,
        thread: str,
        status: str,
        pause: RunIdentity | None = None,
        plan: UUID | None = None,
        at: datetime | None = None,
    ) -> None:
        run = self.all[thread]
        run.status, run.worker, run.lease_until, run.alone = status, None, None, False
        run.not_before = at or run.not_before
        if status == "PAUSED":
            run.plan, run.pause, run.digest = plan, pause, None
        if status in ("PAUSED", "DONE"):
            run.answered = False


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_S)


def _word(before: Effect | None, now: datetime, *, idempotent: bool) -> str:
    if before is None or before.state == "RETRY":
        return "GO"
    if before.state == "FAILED":
        return "GO" if idempotent else "FAILED"
    if before.state == "CLAIMED":
        if idempotent:
            return "GO"
        return "BUSY" if now < before.claimed_at + timedelta(seconds=LEASE_S) else "IN_DOUBT"
    return before.state
