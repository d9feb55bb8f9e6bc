"""Plans that were let run, looked at once more: what the catalogue in force demands is the next question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from gate_events.records import ApprovalRequested, PlanCleared, PlanDecided, PlanProposed
from gate_events.shown import shown
from gate_events.values import Finding, RunIdentity, Step
from gate_policy.catalogue import Catalogue
from gate_policy.disputed import still_disputed
from gate_policy.effects import PriorEffect, effect_keys
from gate_policy.judge import judge
from gate_policy.proposals import proposal_of
from gate_policy.requirements import ASKED_BEFORE, requirements_of
from gate_policy.route import asked
from gate_policy.unmet import Given, unmet
from gate_store.cleared_plans import words_of
from gate_store.grounds import Grounds, grounds_of, times_asked, who_agreed
from gate_store.restores import first_attempt
from stream_apps.prior_effects import look_up_effects

ASKED_AGAIN = "asked again"
LATE = "past its use-by"
_AT_LEAST = 2  # a first attempt is the router's


@dataclass(frozen=True, slots=True)
class LetRun:
    """A plan as it may run, perhaps edited, and what it may run by."""

    plan_id: UUID
    revision: int
    digest: str
    steps: tuple[Step, ...]
    run: RunIdentity | None
    grounds: Grounds

    @classmethod
    def by(cls, word: PlanCleared | PlanDecided, grounds: Grounds) -> "LetRun":
        """As the word that cleared it says."""
        return cls(word.plan_id, word.revision, word.digest, word.steps, word.run, grounds)

    def proposed(self, origin: ApprovalRequested | PlanCleared, at: datetime) -> PlanProposed:
        """What may run, as a proposal."""
        let_run = {"plan_id": self.plan_id, "revision": self.revision, "steps": self.steps, "run": self.run}
        return msgspec.structs.replace(proposal_of(origin, at), **let_run)


class AskingAgain:
    """Judges plans that were let run by the catalogue in force; what the store knows is read at once."""

    def __init__(
        self, conn: Connection, plans: Sequence[LetRun], catalogue: Catalogue, now: datetime
    ) -> None:
        self._catalogue = catalogue
        self._now = now
        self._keys = {plan.digest: effect_keys(plan.steps, catalogue) for plan in plans}
        wanted = {(each.key, each.window_s) for keys in self._keys.values() for each in keys}
        self._prior = look_up_effects(conn, wanted, now) if wanted else {}
        self._agreed = who_agreed(conn, {each.grounds.gate_id for each in plans if each.grounds.gate_id})
        self._least = first_attempt(conn)
        self._times = times_asked(conn, {plan.plan_id for plan in plans})

    def is_as_judged(self, plan: LetRun) -> bool:
        """Whether the catalogue in force judged this very plan, and nothing of it was done since."""
        if any(not effect.waits for effect in self._prior_of(plan).values()):
            return False
        return plan.grounds.judged_by() == (plan.digest, self._catalogue.digest)

    def unmet(self, plan: LetRun) -> list[str]:
        """Why a human must be asked before it begins; nothing: it may. Raises UnjudgeablePlanError."""
        if self.is_as_judged(plan):
            return []
        origin, given, gate_id = plan.grounds.record(), None, plan.grounds.gate_id
        if isinstance(origin, ApprovalRequested) and gate_id:
            given = Given(origin, self._agreed.get(gate_id, frozenset()), plan.grounds.cleared_at)
        prior = self._prior_of(plan)
        proposed = plan.proposed(origin, self._now)
        in_force = judge(proposed, self._catalogue, now=self._now, prior=prior)
        return unmet(in_force, given, prior, self._now)

    def question(self, plan: LetRun, why: Sequence[str]) -> ApprovalRequested:
        """The next question: what the catalogue in force demands, and no less than the last one did.

        Raises UnjudgeablePlanError.
        """
        origin = plan.grounds.record()
        proposed = plan.proposed(origin, self._now)
        floor = requirements_of(origin) if isinstance(origin, ApprovalRequested) else ASKED_BEFORE
        both = judge(proposed, self._catalogue, now=self._now, prior=self._prior_of(plan), required=floor)
        if both.review is None:
            raise AssertionError("a plan that is judged BEFORE has a review")
        again = Finding(check=ASKED_AGAIN, text=shown("; ".join(why)))
        review = msgspec.structs.replace(both.review, findings=(*both.review.findings, again))
        if isinstance(origin, ApprovalRequested):
            review = still_disputed(review, origin, plan.steps)
        before = max(plan.grounds.attempt, self._times.get((plan.plan_id, plan.revision), 0))
        attempt = max(_AT_LEAST, before + 1, self._least)
        return asked(proposed, both, review, self._now, attempt)

    def _prior_of(self, plan: LetRun) -> dict[str, PriorEffect]:
        """What was done, and what plans that wait would do; a plan does not wait for itself."""
        keys = {each.key for each in self._keys[plan.digest]}
        return {key: effect for key, effect in self._prior.items() if key in keys}


def let_run(conn: Connection, digests: Sequence[str]) -> list[LetRun]:
    """The plans of these digests, as they were cleared."""
    grounds, words = grounds_of(conn, digests), words_of(conn, digests)
    return [LetRun.by(words[digest], grounds[digest]) for digest in digests if digest in words]
