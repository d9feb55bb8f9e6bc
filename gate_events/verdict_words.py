"""What a verdict means, in a sentence: what was executed first, then why. An agent's model may read it.

Nothing here says of a plan that ended otherwise that it was rejected, or of an approved one that it ran.
"""

from gate_events.records import PlanDecided
from gate_events.shown import words_of
from gate_events.words import GateState, RequestKind, Resolution, Timing

_NOT = "NOT executed"
_BEFORE = {
    GateState.PENDING: "NOT executed. Undecided: a human is asked, and has not decided yet.",
    GateState.APPROVED: "NOT executed yet. Cleared to run: exactly the steps of this verdict,"
    " and nothing else.",
    GateState.REJECTED: "NOT executed. Rejected: a reviewer decided that this plan must not run.",
    GateState.RESPONDED: "NOT executed. Answered: a reviewer replied instead of deciding for or against it;"
    " a new plan may take the reply into account.",
    GateState.EXPIRED: "NOT executed. Expired: nobody decided before the deadline,"
    " neither for it nor against it.",
    GateState.WITHDRAWN: "NOT executed. Withdrawn: its proposer took it back before it was decided.",
    GateState.SUPERSEDED: "NOT executed. Superseded: a newer revision, plan or question took its place,"
    " and has a verdict of its own.",
    GateState.UNKNOWN: "NOT executed. How its gate ended is a word of a later version:"
    " take it for no approval.",
}
_DONE = "Executed already, as its outcome says."
_AFTER = {
    GateState.PENDING: f"{_DONE} Not reviewed yet: a human is asked whether it was right.",
    GateState.APPROVED: f"{_DONE} Confirmed: a reviewer found it right.",
    GateState.REJECTED: f"{_DONE} Found wrong: a reviewer wants it undone,"
    " by a plan with a verdict of its own.",
    GateState.EXPIRED: f"{_DONE} Not reviewed: nobody said before the deadline whether it was right.",
    GateState.SUPERSEDED: f"{_DONE} Superseded: a newer question took the place of this one.",
}
_UNREVIEWED = f"{_DONE} Not reviewed: its review ended without a judgment."
_OPEN = "NOT known whether executed."
_IN_DOUBT = {
    GateState.PENDING: f"{_OPEN} A human is asked what became of the step.",
    GateState.REJECTED: f"{_OPEN} Given up: the step counts as failed, and is not done again.",
    GateState.EXPIRED: f"{_OPEN} Expired: nobody said before the deadline what became of the step.",
    GateState.SUPERSEDED: "Known by now whether executed: its outcome says what became of the step.",
}
_RESOLVED = {
    Resolution.HAPPENED: "Executed, as a reviewer says: the step counts as done.",
    Resolution.RETRY: "NOT executed, as a reviewer says: the step is done again.",
}


def sentence_on(
    state: GateState,
    kind: RequestKind = RequestKind.PLAN,
    timing: Timing = Timing.BEFORE,
    resolution: Resolution | None = None,
    *,
    again: bool = False,
) -> str:
    """What the end of a gate means, or that it is open still.

    `again`: the plan was asked about before, and what was begun then may be done.
    """
    if kind is RequestKind.PLAN and timing is Timing.BEFORE:
        return _BEFORE[state].replace(_NOT, f"{_NOT} any further", again)
    if kind is RequestKind.PLAN and timing is Timing.AFTER:
        return _AFTER.get(state, _UNREVIEWED)
    if kind is RequestKind.IN_DOUBT and state is GateState.APPROVED and resolution in _RESOLVED:
        return _RESOLVED[resolution]
    return _IN_DOUBT.get(state, _OPEN) if kind is RequestKind.IN_DOUBT else _OPEN


def message_on(state: GateState, decided_by: str, note: str, *, again: bool = False) -> str:
    """Of a plan that was to run: the sentence, then the words of whoever decided, marked as theirs."""
    return _with_words(sentence_on(state, again=again), state, decided_by, note)


def message_of(verdict: PlanDecided) -> str:
    """The same of a verdict as it stands on `verdicts`."""
    asked = (verdict.kind, verdict.timing, verdict.resolution)
    sentence = sentence_on(verdict.state, *asked, again=verdict.attempt > 1)
    return _with_words(sentence, verdict.state, verdict.decided_by, verdict.note)


def _with_words(sentence: str, state: GateState, decided_by: str, note: str) -> str:
    """The clock's note on what expired says nothing more."""
    if not note or state is GateState.EXPIRED:
        return sentence
    return f"{sentence} In the words of {words_of(decided_by, note)}"
