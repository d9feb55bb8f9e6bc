"""What follows from a plan that is both cleared and executed, whichever was heard of first."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from gate_events.digest import review_digest
from gate_events.ids import derived, request_id
from gate_events.records import ApprovalRequested, PlanCleared, PlanExecuted
from gate_events.values import Finding, Step
from gate_events.words import RequestKind, Timing
from gate_store import outbox
from gate_store.bulk import delete_rows, insert_new
from gate_store.cleared_plans import ClearedPlan, cleared_plans, has_run
from gate_store.doubts import ask_about_doubted
from gate_store.executions import asked_after, outcomes_came
from gate_store.planned_effects import forget_planned
from gate_store.said import dated
from gate_store.superseding import overtaken
from gate_store.tables import plan_outcomes
from gate_store.told_effects import Contradiction, Executed, WindowKeys, note_told
from gate_store.uncounted_outcomes import KEPT_BY, Heard, Key, says, set_aside, waiting_outcomes
from gate_store.undo_plans import note_ended_undo_plans
from gate_store.verdicts import later


def no_window_keys(steps: Sequence[Step]) -> Mapping[str, str]:
    """Without a catalogue no step has an effect key."""
    del steps
    return {}


def follow_outcomes(
    conn: Connection,
    told: Sequence[Executed | Contradiction],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
) -> None:
    """Note the effects of services in the ledger, and ask for the reviews that come after execution."""
    executed = [each for each in told if isinstance(each, Executed)]
    note_told(conn, told, now, window_keys)
    told_in_doubt = (each.outcome for each in executed if _is_in_doubt(each.outcome))
    contradicted = (each.second for each in told if isinstance(each, Contradiction))
    if doubted := {each.plan_id for each in (*told_in_doubt, *contradicted)}:
        ask_about_doubted(conn, now, plan_ids=doubted)
    asked, disputed = asked_after(conn, [each.outcome for each in executed])
    outcomes_came(conn, [each.outcome for each in executed])
    digests = {each.outcome.digest for each in executed}
    note_ended_undo_plans(conn, digests, now)
    forget_planned(conn, digests)
    reviews = (_review(each, disputed) for each in executed if each.outcome.digest not in asked)
    outbox.put(conn, [review for review in reviews if review], now)


def _is_in_doubt(told: PlanExecuted) -> bool:
    return any(result.status.in_doubt for result in told.results)


def follow_clearances(
    conn: Connection,
    digests: Collection[str],
    plan_ids: Collection[UUID],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
) -> None:
    """The same for outcomes that were heard of before their plan was cleared.

    What cannot be true of the plan is set aside: it may not stand in the place of a true outcome. Of those
    that are left and differ, none is believed.
    """
    waiting = waiting_outcomes(conn, digests, plan_ids)
    if not waiting:
        return
    plans = cleared_plans(conn, {heard.told.digest for heard in waiting})
    sound: dict[Key, list[Heard]] = {}
    aside: list[tuple[Heard, str]] = []
    for heard in waiting:
        if why := _objection(heard, plans[heard.told.digest]):
            aside.append((heard, why))
        else:
            sound.setdefault(heard.key, []).append(heard)
    first = {key: heard[0] for key, heard in sound.items()}
    _keep(conn, {heard.key for heard in waiting}, first)
    set_aside(conn, aside)
    follow_outcomes(conn, list(_in_turn(sound, plans)), now, window_keys)
    outbox.put(conn, overtaken(conn, plan_ids), now)


def _in_turn(
    sound: Mapping[Key, Sequence[Heard]], plans: Mapping[str, ClearedPlan]
) -> Iterator[Executed | Contradiction]:
    """Revision by revision, as they are cleared: its attempts, then what says otherwise of one."""
    by_digest: defaultdict[str, list[Sequence[Heard]]] = defaultdict(list)
    for key in sorted(sound, key=itemgetter(2)):
        by_digest[key[1]].append(sound[key])
    for digest in sorted(by_digest, key=lambda digest: plans[digest].word.revision):
        plan = plans[digest]
        yield from (Executed(first.told, plan, first.moment) for first, *_ in by_digest[digest])
        for first, *others in by_digest[digest]:
            for other in others:
                if says(first.told) != says(other.told):
                    yield Contradiction(first.told, other.told, plan)


def _objection(heard: Heard, plan: ClearedPlan) -> str | None:
    told = heard.told
    if told.attempt > plan.attempt:
        return f"nobody asked for attempt {told.attempt} at this plan"
    if plan.word.run and told.attempt < plan.attempt and not plan.was_given_up(told):
        return plan.never_cleared(told)
    # a verdict is told when it clears, so that this was early, unless the broker's moment tells of a replay;
    # the router's word may be late here
    since = plan.cleared_at if plan.gate_id else None
    return plan.objection(heard.told, heard.said_at or since)


def _keep(conn: Connection, keys: Collection[Key], first: Mapping[Key, Heard]) -> None:
    """What is kept has no revision: it is never changed, but may make place."""
    delete_rows(conn, plan_outcomes, [dict(zip(KEPT_BY, key, strict=True)) for key in keys])
    insert_new(conn, plan_outcomes, [outcome_row(heard) for heard in first.values()], *KEPT_BY)


def outcome_row(heard: Heard) -> dict[str, Any]:
    """The row of an outcome that is kept."""
    told = heard.told
    return {
        "plan_id": told.plan_id,
        "digest": told.digest,
        "attempt": told.attempt,
        "event_id": told.event_id,
        "status": told.status.value,
        "recorded_at": heard.recorded_at,
        "said_at": heard.said_at,
        "record": told,
    }


def _review(each: Executed, disputed: Mapping[str, Finding]) -> ApprovalRequested | None:
    """The question afterwards. A late execution gives the reviewer as much time as an early one."""
    cleared, outcome = each.plan.word, each.outcome
    if not isinstance(cleared, PlanCleared) or not has_run(outcome):
        return None
    told = tuple(disputed[digest] for digest in (cleared.digest,) if digest in disputed)
    return review_of(cleared, dated(outcome.executed_at, each.heard_at), outcome.attempt, told)


def review_of(
    cleared: PlanCleared, at: datetime, attempt: int = 1, findings: tuple[Finding, ...] = ()
) -> ApprovalRequested | None:
    """The review of a cleared plan after its execution; None where none was wanted."""
    if cleared.review is None:
        return None
    gate = request_id(cleared.plan_id, cleared.revision, RequestKind.PLAN, Timing.AFTER, "", attempt)
    terms = cleared.review.terms
    review = msgspec.structs.replace(
        cleared.review,
        terms=msgspec.structs.replace(terms, deadline=later(at, terms.deadline - cleared.cleared_at)),
        findings=(*findings, *cleared.review.findings),
    )
    return ApprovalRequested(
        event_id=derived("requested", gate),
        request_id=gate,
        kind=RequestKind.PLAN,
        timing=Timing.AFTER,
        attempt=attempt,
        plan_id=cleared.plan_id,
        revision=cleared.revision,
        digest=cleared.digest,
        requested_at=at,
        tier=cleared.tier,
        level=cleared.level,
        policy=cleared.policy,
        proposer=cleared.proposer,
        agent=cleared.agent,
        goal=cleared.goal,
        steps=cleared.steps,
        run=cleared.run,
        review=review,
        review_digest=review_digest(review),
    )
