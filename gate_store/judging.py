"""What becomes of one decision of a batch, as the store and the decisions before it have it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from gate_events.records import PlanDecided
from gate_events.words import GateState
from gate_store.deciding import rule
from gate_store.dispositions import Disposition, Fate
from gate_store.docket import Docket, Recorded
from gate_store.own_words import disproof, speaks_as_ours, takes_our_id
from gate_store.renderings import with_what_was_seen
from gate_store.replaying import closed_then
from gate_store.rulings import GateView
from gate_store.said import Said
from gate_store.verdicts import Closing, Retier, Undo, close

_WAITS = "its approval request has not come yet"
_NO_ROOM = "its approval request has not come yet, and {}: decide again once it has"
_ASKED_ANEW = "the plan was asked about anew as {}: look at that question and decide on it"
_NOT_YET = "what it speaks of is not there yet"
_ID_WAS_USED = "its id was used before, for another decision: each decision needs an id of its own"


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision with what became of it. `row_id` None: its row stays as it is, or there is none."""

    said: Said
    disposition: Disposition
    row_id: UUID | None
    closing: Closing | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """By what decisions are judged. With `verdicts`, a replay: those close gates that closed them then."""

    now: datetime
    retier: Retier
    undo: Undo
    verdicts: Mapping[UUID, PlanDecided] | None = None

    def judge(self, docket: Docket, said: Said) -> Judged:
        """What becomes of the next decision."""
        decision = said.decision
        row_id = docket.row_of(said)
        before = docket.recorded.get(row_id)
        view = docket.views.get(decision.request_id)
        judged = self._judged(docket, said, view, before)
        return replace(judged, row_id=row_id) if judged.row_id == decision.event_id else judged

    def _judged(self, docket: Docket, said: Said, view: GateView | None, before: Recorded | None) -> Judged:
        decision = said.decision
        if before and before.repeats(decision):
            undecidable = view is None and decision.request_id not in docket.anew
            if undecidable or before.disposition.fate is not Fate.WAITING:
                return Judged(said, before.disposition, None)
            if not speaks_as_ours(decision):  # that counts by each delivery: the first may be anybody's
                said = before.said  # it counts by when it first came
        if self.verdicts is None and view is not None and speaks_as_ours(decision):
            return self._our_word(docket, said, view, before)
        if unfit := _unfit(said, before):
            return unfit
        if view is None and (gate := docket.anew.get(decision.request_id)):
            return _kept(said, Fate.REFUSED, _ASKED_ANEW.format(gate))
        if view is None:
            no_room = docket.no_room(decision)
            return _dead(said, _NO_ROOM.format(no_room)) if no_room else _kept(said, Fate.WAITING, _WAITS)
        return self._ruled(docket, said, view)

    def _our_word(self, docket: Docket, said: Said, view: GateView, before: Recorded | None) -> Judged:
        """A word of the clock or the gate counts only where the store would say it now."""
        repeats = before is not None and before.repeats(said.decision)
        is_open = view.state is GateState.PENDING
        if is_open and (why := disproof(said, view.request, docket.words, self.now)):
            return _kept(said, Fate.WAITING, _NOT_YET) if repeats else _dead(said, why)
        return self._ruled(docket, said, view)

    def _ruled(self, docket: Docket, said: Said, view: GateView) -> Judged:
        request, decision = view.request, said.as_it_counts
        if self.verdicts is not None and view.state is GateState.PENDING:
            closing = closed_then(request, said.decision, self.verdicts)
            if closing is not None:
                return _closed(said, closing)
        ruling = rule(view, decision)
        if ruling.state is None:
            return _kept(said, ruling.fate, ruling.why)
        if self.verdicts is not None:
            return _kept(said, Fate.LATE, "it closed nothing then: no verdict names it")
        outcome = docket.outcomes.get(request.digest)
        ended = close(
            request, decision, ruling.state, self.retier, lambda asked, word: self.undo(asked, word, outcome)
        )
        return _kept(said, Fate.REFUSED, ended) if isinstance(ended, str) else _closed(said, ended)


def _unfit(said: Said, before: Recorded | None) -> Judged | None:
    """What can be told of a decision without its gate."""
    if before and not before.repeats(said.decision):
        return _dead(said, _ID_WAS_USED)
    if why := takes_our_id(said.decision):
        return _dead(said, why)
    if said.misdated and not speaks_as_ours(said.decision):
        return _kept(said, Fate.REFUSED, said.misdated)
    return None


def _closed(said: Said, closing: Closing) -> Judged:
    why = with_what_was_seen(f"closed the gate: {closing.verdict.state.value}", said.decision)
    open_for = max(said.moment - closing.request.requested_at, timedelta())
    disposition = Disposition(said.decision.event_id, Fate.DECIDED, why, open_for)
    return Judged(said, disposition, said.decision.event_id, closing)


def _kept(said: Said, fate: Fate, why: str) -> Judged:
    return Judged(said, _disposition(said, fate, why), said.decision.event_id)


def _dead(said: Said, why: str) -> Judged:
    return Judged(said, _disposition(said, Fate.DEAD_LETTER, why), None)


def _disposition(said: Said, fate: Fate, why: str) -> Disposition:
    return Disposition(said.decision.event_id, fate, why)
