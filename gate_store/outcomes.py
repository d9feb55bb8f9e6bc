"""What became of plans, as whoever executes them tells: kept by plan, digest and attempt."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from gate_events.records import PlanExecuted
from gate_events.words import OutcomeStatus
from gate_store import outbox
from gate_store.afterwards import follow_outcomes, no_window_keys, outcome_row
from gate_store.bulk import delete_rows, insert_new
from gate_store.cleared_plans import ClearedPlan, cleared_plans, has_run
from gate_store.dialects import among, lock_names, read, whole
from gate_store.executions import note_begun
from gate_store.own_requests import forget_outcomes, own_outcomes
from gate_store.superseding import ASKS_BEFORE, overtaken
from gate_store.tables import gates, plan_outcomes
from gate_store.told_effects import Contradiction, Executed, WindowKeys
from gate_store.uncounted_outcomes import KEPT_BY, Heard, Key, says, wait_beside, waiting_of

_OPEN_STILL = ("PENDING", "APPROVED")
_NO_ROOM = "its plan was not cleared yet, and {}: tell it once the plan is cleared"
_NOT_THE_RUNS = "its run's resumer has told what became of it, and not in these words"
_ASKED_AGAIN = "its run was asked again after attempt {}, and has told nothing of that"
_NOT_APPROVED = "a human was asked about this plan and did not approve it: nothing of it may have run"


@dataclass(slots=True)
class _Kept:
    """What a batch does to the outcomes that are kept."""

    known: dict[Key, PlanExecuted]
    allowed: Mapping[str, int]  # the last attempt at each cleared plan, by digest
    given_up: set[Key]  # attempts that a human did not allow
    fresh: dict[Key, PlanExecuted] = field(default_factory=dict)
    replaced: list[Key] = field(default_factory=list)
    others: list[PlanExecuted] = field(default_factory=list)  # say otherwise than the first that waits
    contradictions: list[tuple[PlanExecuted, PlanExecuted]] = field(default_factory=list)


def record_outcomes(
    conn: Connection,
    executed: Sequence[PlanExecuted],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
    appended: Sequence[datetime | None] = (),
) -> dict[int, str]:
    """Keep the first outcome of each attempt at a cleared plan; a redelivery changes nothing.

    An outcome whose plan is not cleared yet is kept, others that say otherwise beside it, and nothing follows
    from them until it is. One that was told before its plan's clearance does not count, nor one of an attempt
    that nobody asked for. The effects of services go into the ledger under the catalogue's `window_keys`, a
    cleared plan with a review is asked about now, and an open question whether the plan may run is closed: it
    has. An outcome that contradicts the one before it of the same attempt raises a doubt. BEGUN says that an
    executor is at it. `appended` are the broker's moments, where it keeps them. Returns, by place in
    `executed`, why a record does not count; an event_id is anybody's to repeat.
    """
    if not executed:
        return {}
    lock_names(conn, {each.plan_id for each in executed})
    plans = cleared_plans(conn, {each.digest for each in executed})
    ended = _closed_unapproved(conn, [each for each in executed if each.digest not in plans])
    said_at = dict(enumerate(appended))
    own = own_outcomes(conn, executed)
    known = _known(conn, {each.plan_id for each in executed})
    kept = _Kept(known, _last_attempts(plans, known), _given_up(conn, executed, plans))
    objections = {
        place: _not_the_runs(kept, each, plans.get(each.digest), own[place])
        or _objection(each, plans, ended, said_at.get(place))
        or _unasked(kept, each)
        for place, each in enumerate(executed)
        if not _is_kept(kept, each, plans)  # a later attempt may have changed what the ledger says
    }
    refused = {place: why for place, why in objections.items() if why is not None}
    sound = {place: each for place, each in enumerate(executed) if place not in refused}
    begun = {place: each for place, each in sound.items() if each.status is OutcomeStatus.BEGUN}
    note_begun(conn, [(each, said_at.get(place) or now) for place, each in begun.items()])
    by_place = {place: each for place, each in sound.items() if place not in begun}
    refused |= _keep_those(conn, kept, by_place, plans, own)
    forget_outcomes(conn, [each for each, is_own in zip(executed, own, strict=True) if is_own])
    heard = {id(each): Heard(each, now, said_at.get(place)) for place, each in by_place.items()}
    _write(conn, kept, heard)
    follow_outcomes(conn, _in_turn(kept, plans, heard), now, window_keys)
    outbox.put(conn, overtaken(conn, {each.plan_id for each in by_place.values()}), now)
    return refused


def _in_turn(
    kept: _Kept, plans: Mapping[str, ClearedPlan], heard: Mapping[int, Heard]
) -> list[Executed | Contradiction]:
    """What counts of cleared plans, and what says otherwise, as it stands in the log."""
    places = {name: place for place, name in enumerate(heard)}
    told: dict[int, Executed | Contradiction] = {}
    for each in kept.fresh.values():
        if each.digest in plans:
            told[places[id(each)]] = Executed(each, plans[each.digest], heard[id(each)].moment)
    for before, other in kept.contradictions:
        told[places[id(other)]] = Contradiction(before, other, plans[other.digest])
    return [told[place] for place in sorted(told)]


def _is_kept(kept: _Kept, told: PlanExecuted, plans: Mapping[str, ClearedPlan]) -> bool:
    """Whether it is what an earlier attempt of a run told, once more."""
    plan = plans.get(told.digest)
    if plan is None or plan.word.run is None or told.attempt >= plan.attempt:
        return False
    return kept.known.get((told.plan_id, told.digest, told.attempt)) == told


def _not_the_runs(
    kept: _Kept, told: PlanExecuted, plan: ClearedPlan | None, is_own: bool | None
) -> str | None:
    """Why a run has not told it: it told otherwise, or, asked again since, nothing of this attempt."""
    if is_own is False:
        return _NOT_THE_RUNS
    if is_own or plan is None or plan.word.run is None or told.attempt >= plan.attempt:
        return None
    known = kept.known.get((told.plan_id, told.digest, told.attempt))
    return None if known == told else _ASKED_AGAIN.format(told.attempt)


def _objection(
    told: PlanExecuted,
    plans: Mapping[str, ClearedPlan],
    unapproved: set[tuple[UUID, str]],
    said_at: datetime | None,
) -> str | None:
    if told.attempt < 1:
        return "its attempt is below 1"
    if plan := plans.get(told.digest):
        if told.status is OutcomeStatus.BEGUN:
            return "its run's resumer says when it has ended" if plan.word.run else plan.other_plan(told)
        return plan.objection(told, said_at)
    if (told.plan_id, told.digest) in unapproved and has_run(told):
        return _NOT_APPROVED
    return None


def _closed_unapproved(conn: Connection, told: Sequence[PlanExecuted]) -> set[tuple[UUID, str]]:
    """Plans and their digests that humans were asked about, and that none of them let run or still may."""
    if not told:
        return set()
    found = conn.execute(
        select(gates.c.plan_id, gates.c.digest, gates.c.state).where(
            among(conn, gates.c.plan_id, {each.plan_id for each in told}),
            among(conn, gates.c.digest, {each.digest for each in told}),
            *ASKS_BEFORE,
        )
    ).all()
    alive = {(row.plan_id, row.digest) for row in found if row.state in _OPEN_STILL}
    return {(row.plan_id, row.digest) for row in found} - alive


def _given_up(conn: Connection, told: Sequence[PlanExecuted], plans: Mapping[str, ClearedPlan]) -> set[Key]:
    """The later attempts at cleared plans that a human was asked for, and did not allow."""
    later = [each for each in told if each.digest in plans and each.attempt > plans[each.digest].attempt]
    if not later:
        return set()
    found = conn.execute(
        select(gates.c.plan_id, gates.c.digest, gates.c.attempt).where(
            among(conn, gates.c.plan_id, {each.plan_id for each in later}),
            among(conn, gates.c.digest, {each.digest for each in later}),
            gates.c.kind == "PLAN",
            gates.c.timing == "BEFORE",
            gates.c.state.not_in(_OPEN_STILL),
        )
    )
    return {(row.plan_id, row.digest, row.attempt) for row in found}


def _known(conn: Connection, plan_ids: Iterable[UUID]) -> dict[Key, PlanExecuted]:
    found = conn.execute(
        select(
            plan_outcomes.c.plan_id,
            plan_outcomes.c.digest,
            plan_outcomes.c.attempt,
            whole(plan_outcomes.c.record).label("record"),
        ).where(among(conn, plan_outcomes.c.plan_id, plan_ids))
    )
    return {(row.plan_id, row.digest, row.attempt): read(row.record, PlanExecuted) for row in found}


def _last_attempts(plans: Mapping[str, ClearedPlan], known: Iterable[Key]) -> dict[str, int]:
    told: defaultdict[str, set[int]] = defaultdict(set)
    for _, digest, attempt in known:
        told[digest].add(attempt)
    return {digest: plan.last_attempt(told[digest]) for digest, plan in plans.items()}


def _unasked(kept: _Kept, told: PlanExecuted) -> str | None:
    """Why it speaks of an attempt that nobody asked for, or did not allow; None: it does not."""
    key = (told.plan_id, told.digest, told.attempt)
    before = kept.known.get(key)
    if told.attempt <= kept.allowed.get(told.digest, told.attempt) or (before and has_run(before)):
        return None
    if key in kept.given_up and not has_run(told):
        return None
    return f"nobody asked for attempt {told.attempt} at this plan"


def _is_news(kept: _Kept, told: PlanExecuted) -> bool:
    before = kept.known.get((told.plan_id, told.digest, told.attempt))
    return before is None or says(before) != says(told)


def _keep_those(
    conn: Connection,
    kept: _Kept,
    told: Mapping[int, PlanExecuted],
    plans: Mapping[str, ClearedPlan],
    own: Sequence[bool | None],
) -> dict[int, str]:
    """Note outcomes among those kept, in order; returns, by place, why one does not count after all."""
    waits = waiting_of(conn, {each.plan_id for each in told.values() if each.digest not in plans})
    refused = {}
    for place, each in told.items():
        plan, is_own = plans.get(each.digest), bool(own[place])
        waits_on = plan is None and not is_own and _is_news(kept, each)
        no_room = waits.objection(each.plan_id, None, each) if waits_on else None
        why = _NO_ROOM.format(no_room) if no_room else _keep(kept, each, plan, is_own=is_own)
        if why:
            refused[place] = why
    return refused


def _keep(kept: _Kept, told: PlanExecuted, plan: ClearedPlan | None, *, is_own: bool) -> str | None:
    """Note one outcome among those kept; why it does not count, None: it does, or changes nothing.

    `is_own`: a run told it, word for word.
    """
    key = (told.plan_id, told.digest, told.attempt)
    before = kept.known.get(key)
    if before is None:
        kept.known[key] = kept.fresh[key] = told
    elif before == told:
        return None
    elif is_own:
        _replace(kept, key, told)
    elif plan is not None and plan.word.run:
        return _NOT_THE_RUNS
    elif says(before) == says(told):
        return None
    elif plan is None:
        kept.others.append(told)
    elif plan.by_ledger:  # which agrees with this one
        _replace(kept, key, told)
    else:
        kept.contradictions.append((before, told))
    return None


def _replace(kept: _Kept, key: Key, told: PlanExecuted) -> None:
    kept.replaced.append(key)
    kept.known[key] = kept.fresh[key] = told


def _write(conn: Connection, kept: _Kept, heard: Mapping[int, Heard]) -> None:
    delete_rows(conn, plan_outcomes, [dict(zip(KEPT_BY, key, strict=True)) for key in kept.replaced])
    rows = [outcome_row(heard[id(each)]) for each in kept.fresh.values()]
    insert_new(conn, plan_outcomes, rows, *KEPT_BY)
    wait_beside(conn, [heard[id(each)] for each in kept.others])
