"""The gates of a batch of decisions, locked, as the batch finds them and changes them."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import msgspec
from sqlalchemy import Connection, func, select

from gate_events.ids import derived
from gate_events.names import name_key
from gate_events.records import ApprovalRequested, DecisionMade, PlanExecuted
from gate_events.words import DecisionKind, GateState
from gate_store.asked_anew import gates_asked_anew
from gate_store.dialects import among, lock_names, read, whole, word
from gate_store.dispositions import Disposition, Fate
from gate_store.happened import what_happened
from gate_store.own_words import Words, speaks_as_ours, superseding_words
from gate_store.room import DECISIONS, Waiting, large
from gate_store.rulings import GateView
from gate_store.said import AS_SAID, Said, as_said
from gate_store.superseding import newer_questions
from gate_store.tables import decisions, gates


@dataclass(frozen=True, slots=True)
class Recorded:
    """What stands under a decision's id already."""

    said: Said
    disposition: Disposition

    @property
    def occupies(self) -> bool:
        """Whether its id is taken by it: what does not count, or not yet, takes no id from another."""
        return self.disposition.fate in (Fate.DECIDED, Fate.COUNTED)

    def copies(self, said: Said) -> bool:
        """Whether it took the id of this one. At one gate the order of the log decides."""
        elsewhere = self.said.decision.request_id != said.decision.request_id
        return elsewhere and self.said.moment > said.moment

    def repeats(self, decision: DecisionMade) -> bool:
        """Whether it is the same decision once more, and not another under its id."""
        return _to_the_letter(self.said.decision) == _to_the_letter(decision)


@dataclass(slots=True)
class Docket:
    """What is known while a batch is decided, in memory; the rows are ours until the commit."""

    views: dict[UUID, GateView]  # by gate
    recorded: dict[UUID, Recorded]  # by decision
    words: Words  # what the gates may say of themselves
    anew: dict[UUID, UUID] = field(default_factory=dict)  # request: the gate in its place
    waiting: Waiting = field(default_factory=lambda: Waiting(DECISIONS))  # for gates that are not there
    outcomes: dict[str, PlanExecuted] = field(default_factory=dict)  # by digest, where an UNDO asks for it

    def row_of(self, said: Said) -> UUID:
        """The id of its row: its own, or one of its content where another decision has that and may not.

        Nobody's decision may have the id of a word of ours; what does not count takes no id from another, and
        what was said later at another gate is the copy, whichever of the two was read first.
        """
        decision = said.decision
        before = self.recorded.get(decision.event_id)
        if before is None or before.repeats(decision):
            return decision.event_id
        may = before.occupies and not speaks_as_ours(decision) and not before.copies(said)
        return decision.event_id if may else content_id(decision)

    def no_room(self, decision: DecisionMade) -> str | None:
        """Why the decision may not wait for its gate; None: it may."""
        return self.waiting.objection(_awaited(decision), name_key(decision.decided_by), decision)

    def note(self, said: Said, disposition: Disposition, state: GateState | None) -> None:
        """Let the next decision of the batch meet the gate as this one left it."""
        decision = said.decision
        if disposition.fate is not Fate.DEAD_LETTER:
            self.recorded[self.row_of(said)] = Recorded(said, disposition)
        view = self.views.get(decision.request_id)
        if view is None:
            return
        if state is not None:
            self.views[decision.request_id] = replace(view, state=state)
        elif disposition.fate is Fate.COUNTED:
            voices = view.approved_by | {name_key(decision.decided_by)}
            self.views[decision.request_id] = replace(view, approved_by=voices)


def open_docket(conn: Connection, batch: Sequence[DecisionMade]) -> Docket:
    """Lock the batch's gates, and read them and what was recorded before."""
    gate_ids = {decision.request_id for decision in batch}
    # a gate that is not there may be opening now: its opener must see our WAITING rows, or we its gate
    lock_names(conn, {decision.plan_id for decision in batch}, gate_ids)
    views = _locked_gates(conn, gate_ids)
    _add_voices(conn, views)
    _add_newer(conn, views)
    superseded = {each.request_id for each in batch if each.kind is DecisionKind.SUPERSEDE}
    asked = [view.request for gate, view in views.items() if gate in superseded]
    notes = {each.note for each in batch if each.kind is DecisionKind.SUPERSEDE}
    return Docket(
        views,
        recorded(conn, batch),
        superseding_words(conn, asked, notes),
        gates_asked_anew(conn, gate_ids - views.keys()),
        _waiting(conn, [each for each in batch if each.request_id not in views]),
        _outcomes(conn, batch),
    )


def _locked_gates(conn: Connection, gate_ids: set[UUID]) -> dict[UUID, GateView]:
    found = conn.execute(
        select(gates.c.gate_id, gates.c.state, whole(gates.c.request).label("request"))
        .where(among(conn, gates.c.gate_id, gate_ids))
        .order_by(gates.c.gate_id)
        .with_for_update()
    )
    return {
        row.gate_id: GateView(read(row.request, ApprovalRequested), GateState(row.state)) for row in found
    }


def _add_voices(conn: Connection, views: dict[UUID, GateView]) -> None:
    several = [gate for gate, view in views.items() if view.request.review.terms.quorum > 1]
    if not several:
        return
    found = conn.execute(
        select(decisions.c.gate_id, decisions.c.decided_by).where(
            among(conn, decisions.c.gate_id, several), decisions.c.disposition == word(Fate.COUNTED)
        )
    )
    for row in found:
        view = views[row.gate_id]
        voices = view.approved_by | {name_key(row.decided_by)}
        views[row.gate_id] = replace(view, approved_by=voices)


def _awaited(decision: DecisionMade) -> UUID:
    """What it waits for: SUPERSEDE is looked at whenever a gate of its plan opens."""
    return decision.plan_id if decision.kind is DecisionKind.SUPERSEDE else decision.request_id


def _waiting(conn: Connection, early: Sequence[DecisionMade]) -> Waiting:
    waiting, table = Waiting(DECISIONS), decisions
    superseding = table.c.kind == DecisionKind.SUPERSEDE.value
    for awaited, kind in ((table.c.gate_id, ~superseding), (table.c.plan_id, superseding)):
        wanted = {
            _awaited(each)
            for each in early
            if (each.kind is DecisionKind.SUPERSEDE) is (awaited is table.c.plan_id)
        }
        if not wanted:
            continue
        found = conn.execute(
            select(awaited, table.c.name, func.count(), large(conn, table.c.record))
            .where(among(conn, awaited, wanted), kind, table.c.disposition == word(Fate.WAITING))
            .group_by(awaited, table.c.name)
        )
        for row in found:
            waiting.note(*row)
    return waiting


def _add_newer(conn: Connection, views: dict[UUID, GateView]) -> None:
    """Read once the plans are locked: who takes a newer revision locks its plan, too."""
    open_still = [each.request for each in views.values() if each.state is GateState.PENDING]
    for gate, newer in newer_questions(conn, open_still).items():
        views[gate] = replace(views[gate], newer=newer)


def recorded(conn: Connection, batch: Sequence[DecisionMade]) -> dict[UUID, Recorded]:
    """What stands under the ids of these decisions already."""
    ids = {row_id for each in batch for row_id in (each.event_id, content_id(each))}
    found = conn.execute(
        select(
            decisions.c.decision_id,
            decisions.c.disposition,
            decisions.c.why,
            *AS_SAID,
        ).where(among(conn, decisions.c.decision_id, ids))
    )
    return {
        row.decision_id: Recorded(as_said(row), Disposition(row.decision_id, Fate(row.disposition), row.why))
        for row in found
    }


def content_id(decision: DecisionMade) -> UUID:
    """An id that nothing but this very decision can have."""
    return derived("decision", decision.event_id, hashlib.sha256(_to_the_letter(decision)).hexdigest())


def _to_the_letter(decision: DecisionMade) -> bytes:
    """Python takes 1 for True and for 1.0, which are other arguments."""
    return msgspec.json.encode(decision, order="sorted")


def _outcomes(conn: Connection, batch: Iterable[DecisionMade]) -> dict[str, PlanExecuted]:
    undone = [decision for decision in batch if decision.kind is DecisionKind.UNDO]
    return what_happened(conn, {each.plan_id for each in undone}) if undone else {}
