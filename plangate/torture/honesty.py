"""What may run, and who asked for it, by the word of the honest alone.

Workers are honest but may have been fooled: what they wrote counts only where it goes back to a plan that an
honest party proposed, and to the catalogue or a decision that an honest person made.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from uuid import UUID

from gate_events.digest import plan_digest, step_digest
from gate_events.ids import derived, effect_key
from gate_events.records import DecisionMade, PlanCleared, PlanProposed
from gate_events.values import RunIdentity, Step
from gate_events.words import DecisionKind
from gate_policy.catalogue import Catalogue
from gate_policy.route import route
from plangate.torture.calling import content
from plangate.torture.evidence import Evidence

Content = tuple[UUID, Sequence[Step], RunIdentity | None]


class Honesty:
    """The evidence, as far as honest parties vouch for it. Where nobody lied, every record does."""

    def __init__(self, evidence: Evidence, catalogue: Catalogue) -> None:
        self._evidence = evidence
        self._catalogue = catalogue

    @cached_property
    def plans(self) -> dict[UUID, PlanProposed]:
        """The first proposal of each plan."""
        return {plan.plan_id: plan for plan in reversed(self._evidence.proposed)}

    @cached_property
    def proposals(self) -> dict[str, PlanProposed]:
        """By digest."""
        proposed = self._evidence.proposed
        return {plan_digest(p.plan_id, p.revision, p.steps, p.run): p for p in proposed}

    @cached_property
    def asked(self) -> dict[str, Content]:
        """What was proposed, or edited by an honest person, by digest."""
        asked: dict[str, Content] = {
            digest: (plan.plan_id, plan.steps, plan.run) for digest, plan in self.proposals.items()
        }
        if not self._evidence.lies:
            asked |= {r.digest: (r.plan_id, r.steps, r.run) for r in self._evidence.requests}
        edits = {each.event_id: each for each in self.decisions.values() if each.steps}
        while new := {digest: plan for digest, plan in _edited(asked, edits.values()) if digest not in asked}:
            asked |= new
        return asked

    @cached_property
    def decisions(self) -> dict[UUID, DecisionMade]:
        """What people said, by event id."""
        said = self._evidence.sent if self._evidence.lies else self._evidence.decided
        return {each.event_id: each for each in said}

    @cached_property
    def may_run(self) -> dict[str, Content]:
        """What may run, by digest."""
        return dict((*self._cleared(), *self._approved()))

    def covers(self, key: str, done: str) -> bool:
        """Whether an effect with this key and content may have been called."""
        return done in self._contents.get(key, ())

    def is_cleared(self, digest: str) -> bool:
        """Whether the catalogue lets it run without asking first."""
        plan = self.proposals.get(digest)
        if plan is None:
            return False
        return isinstance(route(plan, self._catalogue, now=plan.proposed_at), PlanCleared)

    @cached_property
    def cleared_on_a_lie(self) -> Sequence[PlanCleared]:
        """What a lie cleared, and our catalogue too: the gatekeeper took it, the router said no more."""
        told = {lie.record.digest for lie in self._evidence.lies if isinstance(lie.record, PlanCleared)}
        found = (each for each in self._evidence.rows.clearances if isinstance(each, PlanCleared))
        return [each for each in found if each.digest in told and self.is_cleared(each.digest)]

    @cached_property
    def liars_own(self) -> dict[str, Content]:
        """What liars proposed under ids that were theirs first, and the catalogue lets run unasked."""
        letters = (each for each in self._evidence.buried if _THEIRS in each.error)
        theirs = {each.plan_id for each in letters if not self._evidence.told.is_lie(each.value)}
        lies = (lie.record for lie in self._evidence.lies if isinstance(lie.record, PlanProposed))
        plans = {plan_digest(p.plan_id, p.revision, p.steps, p.run): p for p in lies if p.plan_id in theirs}
        return {
            digest: (plan.plan_id, plan.steps, plan.run)
            for digest, plan in plans.items()
            if isinstance(route(plan, self._catalogue, now=plan.proposed_at), PlanCleared)
        }

    def _cleared(self) -> Iterator[tuple[str, Content]]:
        for cleared in (*self._evidence.cleared, *self.cleared_on_a_lie):
            if not self._evidence.lies or self.is_cleared(cleared.digest):
                yield cleared.digest, (cleared.plan_id, cleared.steps, cleared.run)

    def _approved(self) -> Iterator[tuple[str, Content]]:
        for verdict in self._evidence.verdicts:
            if not verdict.execute:
                continue
            said = self.decisions.get(verdict.decision_id)
            vouched = said and said.kind in _APPROVES and said.digest in self.asked
            if (vouched and verdict.digest in self.asked) or not self._evidence.lies:
                yield verdict.digest, (verdict.plan_id, verdict.steps, verdict.run)

    @cached_property
    def _contents(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for plan_id, steps, _ in (*self.may_run.values(), *self.liars_own.values()):
            for step in steps:
                for key in _keys(plan_id, step):
                    found[key].add(content(step))
        return found


_THEIRS = "was first proposed by"  # what the owner of the plan that a liar took is told
_APPROVES = {DecisionKind.APPROVE, DecisionKind.EDIT}


def _keys(plan_id: UUID, step: Step) -> tuple[str, str]:
    """The key of a step's first content, and of other content later."""
    later = derived("effect", plan_id, step.step_id, step_digest(plan_id, step))
    return str(effect_key(plan_id, step.step_id)), str(later)


def _edited(asked: dict[str, Content], edits: Iterable[DecisionMade]) -> Iterator[tuple[str, Content]]:
    for edit in edits:
        if edit.digest in asked and edit.steps:
            plan_id, _, run = asked[edit.digest]
            yield plan_digest(plan_id, edit.revision + 1, edit.steps, run), (plan_id, edit.steps, run)
