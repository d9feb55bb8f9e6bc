"""What the laws say about runs and effects, in plain dictionaries."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from gate_events.digest import step_digest
from gate_events.records import ApprovalRequested, PlanExecuted
from gate_events.values import RunIdentity, Step
from gate_events.words import Resolution, StepStatus
from tests.model.universe import FORGOTTEN_S, LEASE_S

_REST = ("PAUSED", "DONE", "FAILED", "STALE")


Content = tuple[UUID, str, str]


@dataclass
class Cleared:
    """What may run."""

    plan: UUID
    revision: int
    steps: dict[str, Step]
    use_by: datetime | None
    since: datetime  # by when it was cleared
    log_since: datetime | None  # the broker's moment of that, where it is known
    run: RunIdentity | None = None
    begun_until: datetime | None = None
    attempt: int = 1
    earlier: dict[int, datetime] = field(default_factory=dict)  # the attempts before, and their approvals
    revoked: bool = False
    stale: bool = False  # told in other words since, and asked about


@dataclass
class Run:
    """A thread under watch."""

    status: str
    token: int = 0
    plan: UUID | None = None
    pause: RunIdentity | None = None
    asked: str | None = None  # the digest of what its interrupt asks
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
    lease_until: datetime | None = None
    doubt: UUID | None = None  # the gate that asks whether it happened


class Effects:
    """One effect for each content that a step of a plan had."""

    def __init__(self) -> None:
        self.all: dict[Content, Effect] = {}

    def begun_under(self, digest: str) -> bool:
        return any(each.digest == digest for each in self.all.values())

    def get(self, plan: UUID, step: Step) -> Effect | None:
        return self.all.get(_content(plan, step))

    def put(self, plan: UUID, effect: Effect) -> None:
        self.all[_content(plan, effect.step)] = effect

    def others(self, plan: UUID, step: Step) -> list[Effect]:
        """What the step was in other revisions, and may still be under way."""
        return [
            effect
            for (of, name, _), effect in self.all.items()
            if (of, name) == (plan, step.step_id)
            and effect.step != step
            and effect.state in ("CLAIMED", "IN_DOUBT")
        ]

    def of(self, plan: UUID, steps: dict[str, Step]) -> dict[str, Effect]:
        """What is known of these very steps."""
        found = {name: self.get(plan, step) for name, step in steps.items()}
        return {name: effect for name, effect in found.items() if effect}

    def in_turn(self, plan: UUID, steps: dict[str, Step], step: Step) -> bool:
        """Whether all that stand before this very step have begun."""
        names = list(steps)
        return self.of(plan, steps).keys() >= set(names[: names.index(step.step_id)])

    def note(self, outcome: PlanExecuted, steps: dict[str, Step]) -> None:
        for result in outcome.results:
            if result.step_id not in steps or result.status is StepStatus.SKIPPED:
                continue
            state = "IN_DOUBT" if result.status.in_doubt else result.status.value
            step = steps[result.step_id]
            before = self.get(outcome.plan_id, step)
            if before is None:
                told = Effect(state, outcome.digest, step, 0, None, result.finished_at)
                self.put(outcome.plan_id, told)
            elif before.state in ("FAILED", "IN_DOUBT", "RETRY"):
                before.state = state

    def contradict(self, first: PlanExecuted, second: PlanExecuted, steps: dict[str, Step]) -> None:
        """Of two that differ neither is believed."""
        said = [{each.step_id: each.status for each in told.results} for told in (first, second)]
        for name, step in steps.items():
            one, other = (told.get(name, StepStatus.SKIPPED) for told in said)
            if one is not other:
                told = Effect("IN_DOUBT", second.digest, step, 0, None, second.executed_at)
                effect = self.get(second.plan_id, step)
                if effect is None:
                    self.put(second.plan_id, told)
                else:
                    effect.state = "IN_DOUBT"


class Runs:
    """Runs, leases and what they may do."""

    def __init__(self, cleared: dict[str, Cleared], now: datetime) -> None:
        self.cleared = cleared
        self.now = now
        self.all: dict[str, Run] = {}
        self.effects = Effects()
        self.has_outcome: Callable[[str], bool] = lambda _: False

    def answer(self, pause: RunIdentity, plan: UUID, digest: str | None) -> None:
        run = self.all.get(pause.thread_id)
        if run and (run.status, run.plan, run.pause) == ("PAUSED", plan, pause):
            self.all[pause.thread_id] = Run(
                "READY", run.token, plan, pause, run.asked, digest, answered=True, not_before=self.now
            )

    def resolve(self, question: ApprovalRequested, how: Resolution) -> None:
        """A doubt is answered by its own question."""
        assert question.in_doubt
        step = next(one for one in question.steps if one.step_id == question.in_doubt.step_id)
        effect = self.effects.get(question.plan_id, step)
        if effect and effect.state == "IN_DOUBT" and effect.doubt in (None, question.request_id):
            ends = {Resolution.HAPPENED: "SUCCEEDED", Resolution.RETRY: "RETRY", Resolution.ABANDON: "FAILED"}
            effect.state = ends[how]
        if question.run:
            self._go_on(question.run.thread_id, question.plan_id)

    def asked_whether_it_happened(self, question: ApprovalRequested) -> None:
        """The last question about a doubt is its own."""
        for step in question.steps if question.in_doubt else ():
            effect = self.effects.get(question.plan_id, step)
            about = question.in_doubt and question.in_doubt.step_id == step.step_id
            if about and effect and effect.state == "IN_DOUBT":
                effect.doubt = question.request_id

    def doubted(self) -> set[tuple[str, Content]]:
        """The steps in doubt of runs that rest because of that."""
        return {
            (thread, content)
            for thread, run in self.all.items()
            for content, effect in self.effects.all.items()
            if (run.status, run.plan) == ("IN_DOUBT", content[0]) and effect.state == "IN_DOUBT"
        }

    def probed(self, thread: str, content: Content, *, happened: bool) -> None:
        self.effects.all[content].state = "SUCCEEDED" if happened else "RETRY"
        self._go_on(thread, content[0])

    def _go_on(self, thread: str, plan: UUID) -> None:
        run = self.all.get(thread)
        if any(thread == doubted for doubted, _ in self.doubted()):
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
        before = self.effects.get(run.plan, step)
        if self.effects.others(run.plan, step):
            return False
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
        if not self.effects.in_turn(clearance.plan, clearance.steps, step):
            return False
        in_time = clearance.use_by is None or now < clearance.use_by
        return in_time or self.effects.begun_under(digest)

    def begin(self, thread: str, step: Step, now: datetime) -> None:
        run = self.all[thread]
        assert run.plan
        assert run.digest
        self.effects.put(run.plan, Effect("CLAIMED", run.digest, step, run.token, thread, now, run.worker))

    def may_finish(self, thread: str, step: Step) -> bool:
        run = self.all[thread]
        assert run.plan
        effect = self.effects.get(run.plan, step)
        return effect is not None and effect.thread == thread and effect.state in ("CLAIMED", "IN_DOUBT")

    def finish(self, thread: str, step: Step, state: str, doubt: UUID | None) -> None:
        run = self.all[thread]
        assert run.plan
        effect = self.effects.get(run.plan, step)
        assert effect
        effect.state, effect.token, effect.doubt = state, run.token, doubt

    # --- a service with the ledger ---

    def grant(self, plan: UUID, digest: str, step: Step, now: datetime, *, idempotent: bool) -> str:
        """What the ledger says, and what it writes down."""
        clearance = self.cleared.get(digest)
        if clearance is None or clearance.plan != plan or clearance.steps.get(step.step_id) != step:
            return "REFUSED"
        before = self.effects.get(plan, step)
        word = _word(before, now, idempotent=idempotent)
        if word == "GO":
            word = self._go(clearance, digest, step, now)
        elif word == "IN_DOUBT" and before:
            before.state = "IN_DOUBT"
        return word

    def _go(self, clearance: Cleared, digest: str, step: Step, now: datetime) -> str:
        """Nothing revoked begins, nor what stands beside something under way, nor what is stale."""
        if clearance.revoked or (clearance.stale and not self.effects.begun_under(digest)):
            return "REFUSED"
        for other in self.effects.others(clearance.plan, step):
            word = _word(other, now, idempotent=False)
            other.state = word if word == "IN_DOUBT" else other.state
            return word
        if self._older_is_under_way(clearance):
            return "BUSY"
        if not (
            self.covers(digest, step, now) and (self._in_time(digest, now) or self._in_hand(digest, now))
        ):
            return "REFUSED"
        lease = now + timedelta(seconds=LEASE_S)
        claimed = Effect("CLAIMED", digest, step, -1, None, now, lease_until=lease)
        self.effects.put(clearance.plan, claimed)
        return "GO"

    def _older_is_under_way(self, clearance: Cleared) -> bool:
        return any(
            (each.plan, each.revoked) == (clearance.plan, False)
            and each.revision < clearance.revision
            and self.effects.begun_under(digest)
            and not self.has_outcome(digest)
            for digest, each in self.cleared.items()
        )

    def _in_hand(self, digest: str, now: datetime) -> bool:
        return any(
            (each.digest, each.state) == (digest, "CLAIMED") and each.lease_until and now < each.lease_until
            for each in self.effects.all.values()
        )

    def lose_claims(self, now: datetime) -> None:
        """A service that does not come back, or what a run left begun when it ended: a human is asked."""
        for (plan, _, _), effect in self.effects.all.items():
            until = effect.lease_until
            forgotten = until is not None and until + timedelta(seconds=FORGOTTEN_S) <= now
            if effect.state == "CLAIMED" and (forgotten or self._is_over(plan, effect)):
                effect.state = "IN_DOUBT"

    def _is_over(self, plan: UUID, effect: Effect) -> bool:
        """Whether the run that began it comes back to its plan no more."""
        run = self.all.get(effect.thread) if effect.thread else None
        return run is not None and (run.plan != plan or run.status in ("DONE", "FAILED", "STALE"))

    def renew(self, thread: str, now: datetime) -> None:
        self.all[thread].lease_until = _lease(now)

    def leave(self, thread: str, status: str, pause: RunIdentity, plan: UUID, asked: str) -> None:
        """The agent's process lets go."""
        at_gate = (plan, pause, asked) if status == "PAUSED" else (None, None, None)
        self.all[thread] = Run(status, self.all[thread].token, *at_gate)

    def end(
        self,
        thread: str,
        status: str,
        pause: RunIdentity | None = None,
        plan: UUID | None = None,
        asked: str | None = None,
        at: datetime | None = None,
    ) -> None:
        run = self.all[thread]
        run.status, run.worker, run.lease_until, run.alone = status, None, None, False
        run.not_before = at or run.not_before
        if status == "PAUSED":
            run.asked = asked if plan != run.plan else run.asked  # what is asked again is what was asked
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
        until = before.lease_until or before.claimed_at + timedelta(seconds=LEASE_S)
        return "BUSY" if now < until else "IN_DOUBT"
    return before.state


def _content(plan: UUID, step: Step) -> Content:
    return plan, step.step_id, step_digest(plan, step)
