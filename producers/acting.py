"""Whether a service may act upon what the gate said. Pure."""

from collections.abc import Collection
from datetime import datetime
from enum import Enum

from gate_events.pause import expired
from gate_events.records import PlanCleared, PlanDecided
from gate_events.words import GateState, RequestKind, Timing

Word = PlanCleared | PlanDecided

# SUPERSEDED and RESPONDED are not the end of a plan: a newer revision is asked, or awaited.
_ENDS_UNRUN = {GateState.REJECTED, GateState.EXPIRED, GateState.WITHDRAWN}
# SUPERSEDED: whoever was at the step told how it ended after all.
_SETTLES_A_DOUBT = {GateState.APPROVED, GateState.REJECTED, GateState.SUPERSEDED}
_MAY_RUN = (RequestKind.PLAN, Timing.BEFORE, GateState.APPROVED)  # words of a newer version never may


class Task(Enum):
    """What a word leaves for the service to do."""

    RUN = "RUN"
    GO_ON = "GO_ON"  # a step was in doubt, and a human has settled it
    SAY_NOT_RUN = "SAY_NOT_RUN"
    NOTHING = "NOTHING"


def task_of(
    word: Word, actions: Collection[str] | None, now: datetime, *, ledger_decides: bool = False
) -> Task:
    """RUN only what may run here and now.

    A LangGraph run is its resumer's. A plan with an action outside `actions` (None: all are ours) is another
    service's. A verdict past its use-by is nobody's: the gate asks again. Where `ledger_decides`, it knows
    what was begun of a plan, and whether that may go on; it goes by the store's clock, too.
    """
    if word.run is not None or not _ours(word, actions):
        return Task.NOTHING
    if isinstance(word, PlanCleared):
        return Task.RUN
    if word.kind is RequestKind.IN_DOUBT:
        return Task.GO_ON if word.state in _SETTLES_A_DOUBT else Task.NOTHING
    if word.execute:
        approved = (word.kind, word.timing, word.state) == _MAY_RUN
        return Task.RUN if approved and (ledger_decides or not expired(word.use_by, now)) else Task.NOTHING
    ended = word.timing is Timing.BEFORE and word.state in _ENDS_UNRUN
    return Task.SAY_NOT_RUN if ended else Task.NOTHING


def use_by_of(word: Word) -> datetime | None:
    """Until when the word may be acted upon; None: for ever."""
    return word.use_by if isinstance(word, PlanDecided) else None


def _ours(word: Word, actions: Collection[str] | None) -> bool:
    return actions is None or all(step.action_type in actions for step in word.steps)
