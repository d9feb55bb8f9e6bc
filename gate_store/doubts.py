"""Questions about plans that may run: did this effect happen, may it still run. Read from the store."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, exists, select, update

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanDecided
from gate_events.values import Step
from gate_store import outbox
from gate_store.bulk import update_rows
from gate_store.claims import BEFORE_RESTORE
from gate_store.dialects import among, read, whole, word
from gate_store.doubt_pages import next_unasked
from gate_store.doubted import doubted_content, is_about, settled_doubts
from gate_store.effect_keys import Content
from gate_store.in_doubt import Beginning, DoubtAbout, in_doubt_request
from gate_store.plain_text import storable
from gate_store.restores import first_attempt
from gate_store.superseding import supersede
from gate_store.tables import EFFECTS_BUT_RESULTS, clearances, effects, gates
from gate_store.verdicts import asked_again

_BY_REPORT, _ = SETTLED_BY = ("report", "probe")  # the second: said by versions before
SILENT = "{} did not say how it ended"
_SETTLED = "it is known by now what became of the step"


class UnknownClearanceError(LookupError):
    """Nothing was cleared under digest {digest}."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"nothing was cleared under digest {digest}")
        self.digest = digest


@dataclass(frozen=True, slots=True)
class Doubt:
    """A step of the plan cleared as `digest`, and what is `known` of it, in plain English."""

    digest: str
    step: Step
    known: str
    about: DoubtAbout = DoubtAbout.STEP


def doubt_about(conn: Connection, digest: str, step: Step, known: str, now: datetime) -> ApprovalRequested:
    """The question whether `step` of the plan cleared as `digest` happened; `known` in plain English.

    A doubt that is asked already gives the same request. Raises UnknownClearanceError.
    """
    return doubts_about(conn, [Doubt(digest, step, known)], now)[0]


def doubts_about(conn: Connection, doubts: Sequence[Doubt], now: datetime) -> list[ApprovalRequested]:
    """The same for many steps. Raises UnknownClearanceError."""
    origins = _cleared_as(conn, {each.digest for each in doubts})
    contents = [Content.of(origins[each.digest].word.plan_id, each.step) for each in doubts]
    asked = _asked(conn, {content.plan_id for content in contents})
    begun = _begun(conn, contents)
    least = first_attempt(conn)
    requests = []
    for each, content in zip(doubts, contents, strict=True):
        cleared, row = origins[each.digest].word, begun.get(content)
        request = in_doubt_request(
            origins[each.digest].asked,
            step=each.step,
            known=each.known,
            now=now,
            begun=_beginning(row),
            attempt=_attempt(asked[content.plan_id], content, row.attempts if row else 1, least),
            revision=cleared.revision,
            digest=cleared.digest,
            steps=cleared.steps,
            about=each.about,
        )
        requests.append(request)
    return requests


def steps_cleared(conn: Connection, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Step]:
    """The steps of cleared plans, by (plan digest, step id). Raises UnknownClearanceError."""
    origins = _cleared_as(conn, {digest for digest, _ in wanted})
    steps = {(digest, step.step_id): step for digest, each in origins.items() for step in each.word.steps}
    return {each: steps[each] for each in wanted}


def put_in_doubt(conn: Connection, doubts: Mapping[UUID, Doubt], now: datetime) -> None:
    """Nobody knows about these effects, by their ids; humans are asked. Raises UnknownClearanceError."""
    rows = [
        {"effect_id": key, "state": "IN_DOUBT", "detail": storable(each.known)}
        for key, each in doubts.items()
    ]
    update_rows(conn, effects, rows, ["effect_id"])
    _ask_about(conn, doubts, now)


def ask_about_doubted(conn: Connection, now: datetime, plan_ids: Collection[UUID] | None = None) -> int:
    """Ask about steps of services that are in doubt, and that nobody asked about yet; how many.

    As many as one go may ask about: the clock comes back for the others. Of `plan_ids`, or of all plans.
    """
    wanted = next_unasked(conn, now, plan_ids)
    if not wanted:
        return 0
    unasked = (
        select(*EFFECTS_BUT_RESULTS)
        .where(among(conn, effects.c.effect_id, wanted))
        .where(effects.c.state == word("IN_DOUBT"), effects.c.doubt_id.is_(None))
        .order_by(effects.c.claimed_at, effects.c.step_id)
        .with_for_update(skip_locked=True, of=effects)
    )
    found = conn.execute(unasked).all()
    if found:
        steps = steps_cleared(conn, {(row.digest, row.step_id) for row in found})
        doubts = {
            row.effect_id: Doubt(row.digest, steps[row.digest, row.step_id], row.detail) for row in found
        }
        _ask_about(conn, doubts, now)
    return len(found)


def _ask_about(conn: Connection, doubts: Mapping[UUID, Doubt], now: datetime) -> None:
    """Ask humans about effects in doubt, by their ids; the answer to its question alone settles each.

    Raises UnknownClearanceError.
    """
    if not doubts:
        return
    requests = doubts_about(conn, list(doubts.values()), now)
    rows = [
        {"effect_id": effect, "doubt_id": asked.request_id}
        for effect, asked in zip(doubts, requests, strict=True)
    ]
    update_rows(conn, effects, rows, ["effect_id"], effects.c.state == "IN_DOUBT")
    outbox.put(conn, requests, now)


def stale_question(conn: Connection, digest: str, now: datetime) -> ApprovalRequested:
    """The request that asks again about a plan whose verdict was not used in time.

    Raises UnknownClearanceError, also for a plan that the router cleared: its clearance never goes stale.
    """
    origin = _cleared_as(conn, {digest})[digest].asked
    if isinstance(origin, PlanCleared):
        raise UnknownClearanceError(digest)
    return asked_again(origin, now)


class _Origin(NamedTuple):
    """What cleared a plan, and what it was asked or cleared with."""

    word: PlanCleared | PlanDecided
    asked: PlanCleared | ApprovalRequested


def _cleared_as(conn: Connection, digests: Collection[str]) -> dict[str, _Origin]:
    found = conn.execute(
        select(
            clearances.c.digest,
            whole(clearances.c.record).label("word"),
            whole(gates.c.request).label("request"),
        )
        .join_from(clearances, gates, clearances.c.gate_id == gates.c.gate_id, isouter=True)
        .where(among(conn, clearances.c.digest, digests))
    )
    origins: dict[str, _Origin] = {}
    for row in found:
        if row.request is None:
            cleared = read(row.word, PlanCleared)
            origins[row.digest] = _Origin(cleared, cleared)
        else:
            asked = read(row.request, ApprovalRequested)
            origins[row.digest] = _Origin(read(row.word, PlanDecided), asked)
    if missing := set(digests) - origins.keys():
        raise UnknownClearanceError(min(missing))
    return origins


def open_doubts(conn: Connection, contents: Collection[Content]) -> list[ApprovalRequested]:
    """The open questions about these steps. Their gates are ours until the transaction ends.

    A question that was told to end is none: whoever doubts the step once more asks anew.
    """
    if not contents:
        return []
    plans = {content.plan_id for content in contents}
    found = conn.execute(
        select(whole(gates.c.request))
        .where(among(conn, gates.c.plan_id, plans), gates.c.kind == "IN_DOUBT")
        .where(gates.c.state == word("PENDING"), gates.c.expiry_asked_at.is_(None))
        .order_by(gates.c.gate_id)
        .with_for_update()
    )
    asked = [read(request, ApprovalRequested) for request in found.scalars()]
    return [request for request in asked if doubted_content(request) in contents]


def end_settled_doubts(conn: Connection, now: datetime, limit: int = 500) -> int:
    """End the open questions about steps of which it is known by now; how many. The clock's work.

    Executors and probes say what became of a step; that this ends its question is the gatekeeper's word.
    """
    stands = exists().where(
        effects.c.plan_id == gates.c.plan_id,
        effects.c.doubt_id == gates.c.gate_id,
        effects.c.state == word("IN_DOUBT"),
    )
    settled = (
        select(whole(gates.c.request))
        .where(gates.c.state == word("PENDING"), gates.c.kind == "IN_DOUBT")
        .where(gates.c.expiry_asked_at.is_(None), ~stands)
        .order_by(gates.c.deadline)
        .limit(limit)
        .with_for_update(skip_locked=True, of=gates)
    )
    asked = [read(request, ApprovalRequested) for request in conn.execute(settled).scalars()]
    said = answered_doubts(conn, asked, now)
    outbox.put(conn, said, now)
    return len(said)


def end_doubts(conn: Connection, asked: Sequence[ApprovalRequested], now: datetime) -> list[DecisionMade]:
    """The SUPERSEDE of open questions that were answered otherwise; marks them as told to end."""
    if asked:
        gate_ids = [request.request_id for request in asked]
        conn.execute(update(gates).where(among(conn, gates.c.gate_id, gate_ids)).values(expiry_asked_at=now))
    return [supersede(request, _BY_REPORT, now, _SETTLED) for request in asked]


def answered_doubts(
    conn: Connection, opened: Sequence[ApprovalRequested], now: datetime
) -> list[DecisionMade]:
    """The SUPERSEDE of questions that open about steps that are in doubt no more."""
    settled = settled_doubts(conn, opened)
    return end_doubts(conn, [request for request in opened if request.request_id in settled], now)


def _begun(conn: Connection, contents: Collection[Content]) -> dict[Content, Row[*tuple[Any, ...]]]:
    found = conn.execute(
        select(
            effects.c.plan_id,
            effects.c.step_id,
            effects.c.step_digest,
            effects.c.executor,
            effects.c.claimed_at,
            effects.c.attempts,
        )
        .where(among(conn, effects.c.plan_id, {content.plan_id for content in contents}))
        .where(among(conn, effects.c.step_id, {content.step_id for content in contents}))
    )
    return {Content(row.plan_id, row.step_id, row.step_digest): row for row in found}


def _beginning(row: Row[*tuple[Any, ...]] | None) -> Beginning | None:
    known = row is not None and row.executor != BEFORE_RESTORE
    return Beginning(row.executor, row.claimed_at) if row is not None and known else None


def _attempt(asked: Sequence["_Asked"], content: Content, attempts: int, least: int) -> int:
    """Each doubt is a gate of its own, since a closed one never opens again.

    `attempts` are those at the effect: an earlier attempt's question may not be here yet. `least` is that of
    a new question.
    """
    of_step = [each for each in asked if is_about(each.request, content.step_id)]
    still_open = [
        each.request.attempt for each in of_step if each.is_open and doubted_content(each.request) == content
    ]
    last = max((each.request.attempt for each in of_step), default=0)
    return max(max(still_open, default=max(1 + last, least)), attempts)


class _Asked(NamedTuple):
    """What was asked about a step, and whether it still stands: open, and not told to end."""

    request: ApprovalRequested
    is_open: bool


def _asked(conn: Connection, plan_ids: Collection[UUID]) -> defaultdict[UUID, list[_Asked]]:
    found = conn.execute(
        select(whole(gates.c.request).label("request"), gates.c.state, gates.c.expiry_asked_at).where(
            among(conn, gates.c.plan_id, plan_ids), gates.c.kind == "IN_DOUBT"
        )
    )
    asked: defaultdict[UUID, list[_Asked]] = defaultdict(list)
    for row in found:
        request = read(row.request, ApprovalRequested)
        is_open = row.state == "PENDING" and row.expiry_asked_at is None
        asked[request.plan_id].append(_Asked(request, is_open))
    return asked
