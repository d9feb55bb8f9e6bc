"""A service's later revision: shown as what it changes, and it clears nothing that an older one asked about.

Until proposals are signed, who revises a plan is only claimed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection

from gate_events.canonical import canonical
from gate_events.records import ApprovalRequested, PlanDecided, PlanProposed
from gate_events.shown import shown
from gate_events.values import Finding, Step
from gate_policy.catalogue import Catalogue
from gate_policy.disputed import is_disputed
from gate_policy.effects import effect_keys
from gate_policy.requirements import ASKED_BEFORE, Requirements
from gate_store.effect_keys import EarlierEffect, earlier_effects
from gate_store.plan_owners import PlanRecord, as_edited, asked_and_cleared
from gate_store.queued_plans import ever_queued

REVISION, DONE_EARLIER = "revision", "earlier revision"
_NAMED = 10  # step ids; the rest is counted


class Revised:
    """What is known of the older revisions of the plans of a batch. Plans of runs have none of their own."""

    def __init__(
        self,
        catalogue: Catalogue,
        records: Iterable[PlanRecord | PlanDecided] = (),
        done: Mapping[str, Sequence[EarlierEffect]] | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._records: dict[UUID, list[PlanRecord | PlanDecided]] = defaultdict(list)
        self._done = done or {}
        for record in records:
            self.note(record)

    @classmethod
    def known(cls, conn: Connection, claims: Iterable[PlanRecord], catalogue: Catalogue) -> "Revised":
        """Looked up for those of these claims that revise a service's plan."""
        later = [each for each in claims if _is_later(each)]
        done = earlier_effects(conn, {each.digest: each.plan_id for each in later})
        plans = {each.plan_id for each in later}
        known = [*asked_and_cleared(conn, plans), *as_edited(conn, plans), *ever_queued(conn, plans)]
        return cls(catalogue, sorted(known, key=lambda each: each.revision), done)

    def note(self, record: PlanRecord | PlanDecided) -> None:
        """The next revision of the batch meets this one."""
        self._records[record.plan_id].append(record)

    def required(self, plan: PlanProposed) -> Requirements | None:
        """The floor under the judgement: what an older revision had to ask for is asked."""
        asked = [each for each in self._older(plan) if isinstance(each, ApprovalRequested)]
        held: set[object] = set()
        for request in asked:
            held |= self._contents(_steps_that_ask(request))
        return ASKED_BEFORE if held & self._contents(plan.steps) else None

    def findings(self, plan: PlanProposed, digest: str) -> tuple[Finding, ...]:
        """What the reviewer must know of the older revisions."""
        older = self._older(plan)
        if not older:
            return ()
        last = max(older, key=lambda each: each.revision)
        done = self._done.get(digest, ())
        return (_changes(plan, last), *([_done(plan, done)] if done else ()))

    def _older(self, plan: PlanProposed) -> list[PlanRecord | PlanDecided]:
        if not _is_later(plan):
            return []
        return [each for each in self._records[plan.plan_id] if each.revision < plan.revision]

    def _contents(self, steps: Collection[Step]) -> set[object]:
        """What the steps say, and what they do outside, however it is spelled."""
        keys = {each.key for each in effect_keys(steps, self._catalogue)}
        return keys | {_content(step) for step in steps}


def _is_later(plan: PlanRecord | PlanProposed) -> bool:
    return plan.revision > 1 and plan.run is None


def _content(step: Step) -> tuple[str, bytes]:
    return step.action_type, canonical(step.arguments)


def _steps_that_ask(request: ApprovalRequested) -> list[Step]:
    """Those of its highest tier, and those that a finding names.

    All of them, where words that are disputed, or another floor, raised the tier and not that of any step.
    """
    review = request.review
    highest = {step_id for group in review.groups if group.tier is request.tier for step_id in group.step_ids}
    if is_disputed(request) or not highest:
        return list(request.steps)
    named = highest.union(*(finding.step_ids for finding in review.findings))
    return [step for step in request.steps if step.step_id in named]


def _changes(plan: PlanProposed, older: PlanRecord | PlanDecided) -> Finding:
    before = {step.step_id: _content(step) for step in older.steps}
    now = {step.step_id: _content(step) for step in plan.steps}
    added = [step_id for step_id in now if step_id not in before]
    changed = [step_id for step_id in now if step_id in before and now[step_id] != before[step_id]]
    dropped = [step_id for step_id in before if step_id not in now]
    parts = [*_part("adds", added), *_part("drops", dropped), *_part("changes", changed)]
    what = ", ".join(parts) or "other order or nothing new"
    text = f"revision {plan.revision}, claimed by {plan.proposer}, of revision {older.revision}: {what}"
    return Finding(check=REVISION, text=shown(text), step_ids=(*added, *changed))


def _part(verb: str, step_ids: Sequence[str]) -> Iterator[str]:
    if step_ids:
        count = "1 step" if len(step_ids) == 1 else f"{len(step_ids)} steps"
        yield f"{verb} {count} ({_named(step_ids)})"


def _named(step_ids: Sequence[str]) -> str:
    more = f" and {len(step_ids) - _NAMED} more" if len(step_ids) > _NAMED else ""
    return ", ".join(step_ids[:_NAMED]) + more


def _done(plan: PlanProposed, done: Sequence[EarlierEffect]) -> Finding:
    by_state: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for each in done:
        by_state[each.revision, each.action_type, each.state].append(each.step_id)
    said = [
        f"revision {revision} began {action} ({_named(ids)}): {state}"
        for (revision, action, state), ids in by_state.items()
    ]
    touched = {each.step_id for each in done}
    ids = tuple(step.step_id for step in plan.steps if step.step_id in touched)
    return Finding(check=DONE_EARLIER, text=shown("; ".join(said)), step_ids=ids)
