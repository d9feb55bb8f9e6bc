"""What `plangate reject --waiting` does: ends all that waits of an agent, each by a decision of its own."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import typer
from rich.console import Console
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from gate_events.names import name_key
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.shown import quoted, shown
from gate_events.topics import DECISIONS
from gate_events.words import DecisionKind
from gate_store.dispositions import Disposition, Fate
from gate_store.lookup import dispositions_of
from gate_store.queued_plans import queued_of_agent
from gate_store.reviewers import may_decide
from plangate.cli.choosing import is_terminal
from plangate.cli.counting import counted
from plangate.cli.decisions import reviewer_name
from plangate.cli.failures import CommandError, NotConfirmedError
from plangate.cli.output import console, errors, indented, print_json, say
from plangate.cli.speaking import speaker
from plangate.cli.stores import reading
from plangate.settings import Settings, load_settings
from producers.decisions import decide
from producers.voice import Voice

_NAMED = 10  # goals; of more the rest is counted
_ENDED = {Fate.DECIDED, Fate.LATE}  # LATE: it closed meanwhile


def reject_waiting(
    agent: str | None,
    proposer: str | None,
    note: str,
    by: str | None,
    wait: float,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what waits, ask once, and reject all of it. Raises CommandError, typer.Abort for a no."""
    if agent is None or proposer is None:
        mend = "give --agent and --proposer, as `plangate pending` names them"
        raise CommandError("--waiting is of one agent of one proposer", mend)
    settings = load_settings()
    who, whose = reviewer_name(settings, by), f"agent {shown(agent)} of proposer {shown(proposer)}"
    with reading(settings) as conn:
        questions = queued_of_agent(conn, name_key(proposer), name_key(agent))
    if not questions:
        raise CommandError(f"no plan of {whose} waits", "`plangate pending` says of whom some do")
    _refuse_who_may_not(who, questions)
    plans = counted(len(questions), "plan that waits", "plans that wait")
    if not yes:
        _ask(f"Reject {plans} of {whose} as {who}?", questions, as_json=as_json)
    with speaker(settings, DECISIONS) as voice:
        sent = reject_all(voice, questions, who, note)
    became = _what_became(settings, [each.event_id for each in sent], wait)
    _report(sent, became, whose, as_json=as_json)


def misused(**given: str | None) -> None:
    """Refuse options that are of the other form of the command. Raises CommandError."""
    for name, value in given.items():
        if value is not None:
            what = name if name == "gate" else f"--{name}"
            problem = f"{what} {shown(value)} does not go with this form of the command"
            raise CommandError(problem, "see `plangate reject --help`")


def reject_all(
    voice: Voice, questions: Sequence[ApprovalRequested], who: str, note: str
) -> list[DecisionMade]:
    """A decision on each, at the gate as which it is asked; nobody was shown its review."""
    return [
        decide(voice, question, DecisionKind.REJECT, by=who, note=note, shown=False) for question in questions
    ]


def _refuse_who_may_not(who: str, questions: Collection[ApprovalRequested]) -> None:
    for question in questions:
        reviewers = question.review.terms.reviewers
        if not may_decide(who, proposer=question.proposer, agent=question.agent.name, reviewers=reviewers):
            named = ", ".join(reviewers) or f"anyone but {question.proposer} and {question.agent.name}"
            raise CommandError(
                f"{shown(who)} may not decide on plan {question.plan_id}",
                f"{shown(named)} may: say --by NAME",
            )


def _ask(what: str, questions: Sequence[ApprovalRequested], *, as_json: bool) -> None:
    if not is_terminal():
        raise NotConfirmedError("nobody was asked whether to reject what waits", "look at it, then say --yes")
    _show(questions, errors if as_json else console)
    typer.confirm(what, abort=True, err=as_json)


def _show(questions: Sequence[ApprovalRequested], on: Console) -> None:
    for question in questions[:_NAMED]:
        goal = quoted(question.goal) if question.goal else "no goal given"
        say(f"plan {question.plan_id}: {goal}", on)
    if len(questions) > _NAMED:
        say(f"and {len(questions) - _NAMED:,} more", on)
    actions = Counter(step.action_type for question in questions for step in question.steps)
    for action, count in actions.most_common():
        indented(f"{counted(count, 'step')} of {shown(action)}", 2, on)


def _what_became(settings: Settings, ids: Sequence[UUID], wait: float) -> Mapping[UUID, Disposition]:
    def look() -> Mapping[UUID, Disposition]:
        with reading(settings) as conn:
            return dispositions_of(conn, ids)

    retrying = Retrying(
        stop=stop_after_delay(wait),
        wait=wait_fixed(0.2),
        retry=retry_if_result(lambda seen: len(seen) < len(ids)),
    )
    try:
        return retrying(look)
    except RetryError:
        return look()


def _report(
    sent: Sequence[DecisionMade], became: Mapping[UUID, Disposition], whose: str, *, as_json: bool
) -> None:
    """Raises CommandError where some are not rejected."""
    ended = [each for each in sent if each.event_id in became and became[each.event_id].fate in _ENDED]
    refused = [each for each in became.values() if each.fate not in _ENDED]
    open_ = len(sent) - len(became)
    if as_json:
        told = {"plans": len(sent), "rejected": len(ended), "refused": len(refused), "unanswered": open_}
        print_json(told)
    else:
        say(f"{counted(len(ended), 'plan')} of {whose} rejected; nothing of them ran.")
    if refused:
        problem = f"{counted(len(refused), 'rejection')} did not count: {shown(refused[0].why)}"
        raise CommandError(problem, "`plangate pending` says what still waits")
    if open_ and not as_json:
        say(f"{counted(open_, 'rejection')} published, and not answered yet; `plangate pending` will tell.")
