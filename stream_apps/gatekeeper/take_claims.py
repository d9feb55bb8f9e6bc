"""Takes what routers say about plans: held against the store, judged anew, then asked or cleared."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.values import Finding
from gate_policy.catalogue import Catalogue
from gate_policy.disputed import dispute
from gate_policy.effects import PriorEffect, effect_keys
from gate_policy.limits import Limits
from gate_policy.proposals import proposal_of
from gate_store import outbox
from gate_store.asked_anew import note_asked_anew
from gate_store.clearances import record_cleared
from gate_store.dialects import lock_names
from gate_store.executions import note_disputed
from gate_store.gates import open_gates, waiting_for
from gate_store.judged_words import CLEARED_IN_OTHER_WORDS, CLEARED_OTHERWISE, same_owner, same_words
from gate_store.plan_claims import CLEARED_ALREADY, Admitted, PlanClaim, admit, note_taken
from gate_store.plan_owners import PlanRecord
from gate_store.planned_effects import note_planned_effects
from gate_store.policies import kept_policies
from gate_store.queued_plans import (
    as_routed,
    as_which_asked,
    give_up_queued,
    leave_queue,
    queue_plans,
    queued_at,
    replace_queued,
)
from gate_store.revocations import revoke_older
from gate_store.said import Said
from gate_store.stale import Stale, note_stale, were_asked
from gate_store.superseding import asks_before
from gate_store.waiting_plans import claim_id, wait, wait_no_more, whose_turn_it_is
from stream_apps.gatekeeper.ceiling import Ceiling
from stream_apps.gatekeeper.own_judgement import JudgedClaims, OwnJudgement
from stream_apps.gatekeeper.revised import Revised
from stream_apps.gatekeeper.window_keys import planned_effects, window_keys
from stream_apps.prior_effects import look_up_effects

_log = logging.getLogger("plangate.gatekeeper")

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)
_ASKED_ALREADY = "this very plan was asked about already"


@dataclass(slots=True)
class Taken:
    """What came of the claims of a batch."""

    waited: list[Said] = field(default_factory=list)  # decisions whose gate has opened
    refused: dict[int, str] = field(default_factory=dict)  # by position in the batch
    cleared: bool = False
    asked: bool = False


def take_claims(
    conn: Connection,
    records: Sequence[Any],
    catalogue: Catalogue,
    now: datetime,
    appended: Sequence[datetime | None],
) -> Taken:
    """Take the claims of a batch as they stand on the log; where it does not say, what asks comes first.

    `appended` are the broker's moments, where it keeps them. What a service was told to do cannot be asked
    about any more; what was asked, no router clears. A claim about a later revision waits in the
    store for the earlier one, and has its turn here.
    """
    moments = {place: moment for place, moment in enumerate(appended) if moment is not None}
    claims, late = _in_turn(records, moments)
    return _take(conn, claims, catalogue, now, moments, late)


def take_queued(
    conn: Connection,
    gate_ids: Collection[UUID],
    catalogue: Catalogue,
    now: datetime,
    limits: Limits,
    told_once: Collection[UUID] = (),
) -> Taken:
    """Ask about plans that waited until their agent had fewer open gates, as far as there is room.

    They wait to be asked as these gates, `told_once` in the words that came first alone.
    """
    lock_names(conn, {each.plan_id for each in queued_at(conn, gate_ids)}, gate_ids)
    waits = queued_at(conn, gate_ids)
    first = {each.request_id: each for each in reversed(waits)}
    asked = [each for each in waits if each.request_id not in told_once or each is first[each.request_id]]
    claims = [PlanClaim(as_routed(each), queued=True) for each in asked]
    return _take(conn, claims, catalogue, now, {}, limits=limits)


def take_waiting(conn: Connection, plan_ids: Collection[UUID], catalogue: Catalogue, now: datetime) -> Taken:
    """Take the claims that waited for revisions of these plans, which a reviewer's edit has made."""
    return _take(conn, [PlanClaim(record) for record in whose_turn_it_is(conn, plan_ids)], catalogue, now, {})


def _take(
    conn: Connection,
    claims: Sequence[PlanClaim],
    catalogue: Catalogue,
    now: datetime,
    moments: Mapping[int, datetime],
    late: Sequence[PlanClaim] = (),
    limits: Limits | None = None,
) -> Taken:
    """`late` are held against what the others have led to."""
    taken = Taken()
    limits = limits or catalogue.limits
    tried: set[str] = set()
    while claims or late:
        admitted = admit(conn, claims)
        judged = _judge(conn, admitted, catalogue, now, moments, limits)
        _carry_out(conn, admitted, judged, catalogue, now, taken)
        no_room = wait(conn, [claim.record for claim in admitted.early], now)
        crowded_out = [
            (claim, why) for claim in admitted.early if (why := no_room.get(claim_id(claim.record)))
        ]
        refused = [
            *admitted.refused,
            *judged.refused,
            *_asked_otherwise(admitted, judged),
            *crowded_out,
        ]
        taken.refused |= {claim.position: why for claim, why in refused if claim.position is not None}
        _leave_queue(conn, claims, admitted, judged)
        tried |= _end_turn(conn, claims, [*admitted.early, *admitted.again], refused)
        through = [claim.record for claim in (*admitted.own, *admitted.to_judge)]
        again = sorted([*late, *admitted.again], key=lambda claim: _moment(claim, moments))
        claims = [*again, *_whose_turn_it_is(conn, through, tried)]
        late = ()
    return taken


def _asked_otherwise(admitted: Admitted, judged: JudgedClaims) -> Iterable[tuple[PlanClaim, str]]:
    """What repeats a claim that was asked about in our own words: on the log it looks as if it counted."""
    gates = admitted.asked_otherwise | {
        each.request_id: each.gate.request_id for each in (*judged.anew, *judged.queued) if each.request_id
    }
    anew = {each.gate.digest: each.gate.request_id for each in (*judged.anew, *judged.queued)}
    for claim in admitted.repeats:
        record = claim.record
        if isinstance(record, ApprovalRequested):
            gate_id = gates.get(record.request_id)
        else:
            gate_id = anew.get(record.digest)
        if gate_id:
            yield claim, f"asked anew as {gate_id}: {_ASKED_ALREADY}"


def _end_turn(
    conn: Connection,
    claims: Sequence[PlanClaim],
    not_yet: Sequence[PlanClaim],
    refused: Sequence[tuple[PlanClaim, str]],
) -> set[str]:
    """What waited and had its turn waits no more, unless that has not come yet; returns its ids."""
    waited = [claim.record for claim in claims if claim.position is None]
    still = {id(claim.record) for claim in not_yet}
    why = [(claim.record, reason) for claim, reason in refused if claim.position is None]
    wait_no_more(conn, [record for record in waited if id(record) not in still], why)
    return {claim_id(record) for record in waited}


def _leave_queue(
    conn: Connection, claims: Sequence[PlanClaim], admitted: Admitted, judged: JudgedClaims
) -> None:
    """Of what had its turn only that waits on for which there was no room; what cannot be asked says why."""
    turns = {as_which_asked(claim.record) for claim in claims if claim.queued}
    if not turns:
        return
    left = {as_which_asked(claim.record) for claim in judged.left}
    asked = {each.gate.request_id for each in judged.anew}
    never = {
        as_which_asked(claim.record): why
        for claim, why in (*admitted.refused, *judged.refused)
        if claim.queued and as_which_asked(claim.record) not in asked
    }
    for gate_id, why in never.items():
        _log.warning("a plan that waited to be asked about as %s is not: %s", gate_id, why)
    give_up_queued(conn, never.items())
    leave_queue(conn, turns - left - never.keys())


def _in_turn(
    records: Sequence[Any], moments: Mapping[int, datetime]
) -> tuple[list[PlanClaim], list[PlanClaim]]:
    """The requests and clearances of a batch, and the requests that came after a clearance of their plan."""
    requests, clearances = _claims(records, ApprovalRequested), _claims(records, PlanCleared)
    first = {claim.record.digest: _moment(claim, moments) for claim in reversed(clearances)}
    in_time: list[PlanClaim] = []
    late: list[PlanClaim] = []
    for claim in requests:
        is_late = claim.record.digest in first and first[claim.record.digest] < _moment(claim, moments)
        (late if is_late else in_time).append(claim)
    return [*in_time, *clearances], late


def _claims(records: Sequence[Any], kind: type[Any]) -> list[PlanClaim]:
    found = [PlanClaim(record, place) for place, record in enumerate(records) if type(record) is kind]
    return sorted(found, key=lambda claim: claim.record.revision)


def _moment(claim: PlanClaim, moments: Mapping[int, datetime]) -> datetime:
    """When it was said, by the broker; where it does not say, a request was said first."""
    unknown = _NEVER if isinstance(claim.record, PlanCleared) else _ALWAYS
    return moments.get(claim.position, unknown) if claim.position is not None else unknown


def _judge(
    conn: Connection,
    admitted: Admitted,
    catalogue: Catalogue,
    now: datetime,
    moments: Mapping[int, datetime],
    limits: Limits,
) -> JudgedClaims:
    if not admitted.to_judge:
        return JudgedClaims()
    records = [claim.record for claim in admitted.to_judge]
    foreign = {record.policy for record in records} - {catalogue.digest}
    own = OwnJudgement(
        catalogue,
        _prior(conn, records, catalogue, now),
        kept_policies(conn, foreign),
        revised=Revised.known(conn, records, catalogue),
        told_before={**admitted.cleared_otherwise, **admitted.asked_before},
        ceiling=Ceiling.known(conn, records, admitted.queued, limits),
    )
    own.take(admitted.to_judge, moments, now)
    return own.judged


def _prior(
    conn: Connection, records: Sequence[PlanRecord], catalogue: Catalogue, now: datetime
) -> dict[str, PriorEffect]:
    """What was done before, and what plans that wait would do."""
    wanted = {
        (effect.key, effect.window_s) for record in records for effect in effect_keys(record.steps, catalogue)
    }
    return look_up_effects(conn, wanted, now)


def _carry_out(
    conn: Connection,
    admitted: Admitted,
    judged: JudgedClaims,
    catalogue: Catalogue,
    now: datetime,
    taken: Taken,
) -> None:
    own = [claim.record for claim in admitted.own if isinstance(claim.record, ApprovalRequested)]
    anew = [each.gate for each in judged.anew]
    requests = [*own, *judged.requests, *anew]
    taken.waited += open_gates(conn, requests, now)
    outbox.put(conn, anew, now)
    stale = {gate.digest for gate in anew} & admitted.cleared_otherwise.keys()
    note_stale(conn, [Stale(digest, CLEARED_OTHERWISE) for digest in stale], now)
    were_asked(conn, stale, now)
    note_disputed(conn, dict(_told_otherwise(admitted, judged, now)))
    waits = [each.gate for each in judged.queued]
    queue_plans(conn, waits, now)
    instead = [(each.request_id, each.gate.request_id, each.why) for each in judged.anew if each.request_id]
    not_yet = {question.request_id for question in admitted.queued}
    asked_otherwise = admitted.asked_otherwise.items()
    instead += [(*pair, _ASKED_ALREADY) for pair in asked_otherwise if pair[1] not in not_yet]
    note_asked_anew(conn, instead)
    in_our_words = (*judged.anew, *judged.queued)
    taken.waited += waiting_for(conn, {each.request_id for each in in_our_words if each.request_id})
    newer: list[PlanRecord] = [*filter(asks_before, requests), *judged.cleared]
    planned = (
        each
        for record in newer
        for each in planned_effects(record.plan_id, record.digest, record.steps, catalogue)
    )
    note_planned_effects(conn, planned, now)  # an outcome may wait already: what ended is forgotten below
    keys = partial(window_keys, catalogue=catalogue)
    record_cleared(conn, judged.cleared, now, keys, judged.appended)
    newer += waits
    note_taken(conn, newer, now)
    revoke_older(conn, newer, now)
    replace_queued(conn, newer, [*admitted.queued, *waits])
    taken.cleared = taken.cleared or bool(judged.cleared)
    taken.asked = taken.asked or bool(requests)


def _told_otherwise(
    admitted: Admitted, judged: JudgedClaims, now: datetime
) -> Iterable[tuple[tuple[UUID, str], Finding]]:
    """What goes on in the words that cleared it, and its owner told otherwise: its review quotes both."""
    for claim, why in reversed([*admitted.refused, *judged.refused]):
        record = claim.record
        cleared = admitted.cleared_words.get(record.digest)
        if cleared is None or why not in (CLEARED_ALREADY, CLEARED_IN_OTHER_WORDS):
            continue
        if same_owner(cleared, record) and not same_words(cleared, record):
            finding = dispute(proposal_of(cleared, now), proposal_of(record, now))
            yield (record.plan_id, record.digest), finding


def _whose_turn_it_is(conn: Connection, through: Sequence[PlanRecord], tried: set[str]) -> list[PlanClaim]:
    """What waited for these, each once a batch."""
    services = {record.plan_id for record in through if record.run is None}
    return [PlanClaim(record) for record in whose_turn_it_is(conn, services, tried)]
