"""How the demo ends: what did not happen, who decided what in which words, and what to try next."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from gate_events.words import GateState
from plangate.cli.command_name import command_name
from plangate.cli.output import copied, indented, say
from plangate.demo.held import Confirmed, Held
from plangate.demo.mail import files
from plangate.demo.narration import title
from plangate.demo.reviewer import in_words
from plangate.demo.tally import Tally


def tell(tally: Tally, held: Sequence[Held], confirmed: Sequence[Confirmed]) -> None:
    """The point of it all, computed from the store and from the mails that arrived."""
    title("What did not happen" if tally.emails_not_sent or not tally.plans else "What happened")
    if not tally.plans:
        say("All of this was done before, and nothing is done twice: no plan was made, no mail was sent.")
        return
    for plan in held:
        for line in consequences(plan):
            say(line, style="bold")
    say(_what_was_sent(tally))
    if tally.runs_unfinished:
        say(f"{tally.runs_unfinished} runs did not come to their end.", style="red")
    say("")
    say("Who decided what:")
    for plan in held:
        indented(_decision(plan), 2)
    for each in confirmed:
        indented(f"{each.by} confirmed {_count(each.plans, 'plan')} that had run{in_words(each.note)}", 2)
    indented(f"nobody had to be asked before {_count(tally.auto_executed, 'plan')} ran", 2)


def consequences(plan: Held) -> list[str]:
    """What a decision kept from happening, and what it let happen."""
    lines = []
    if of := len(plan.not_sent):
        lines.append(f"{_count(of, 'mail')} {_were(of)} not sent{_why(plan)}{_of_whom(plan)}.")
    if plan.sent_again:
        lines.append(f"{_count(plan.sent_again, 'customer')} got the same mail twice: it was approved.")
    if plan.sent_to_paid:
        paid = f"{_count(plan.sent_to_paid, 'customer')} who had paid {_were(plan.sent_to_paid)}"
        lines.append(f"{paid} told that the invoice is overdue: it was approved.")
    return lines


def next_commands(folder: Path, held: Sequence[Held], *, keeps_store: bool) -> list[tuple[str, str]]:
    """Commands that work now, each with what it shows."""
    plangate = command_name()
    mails = files(folder / "mails")
    found = [(f"cat {quote(str(mails[-1]))}", "the last mail that arrived")] if mails else []
    if held and keeps_store:
        plan_id = str(held[-1].request.plan_id)[:8]
        command = f"(. {quote(str(folder / 'env'))}; {plangate} show {plan_id})"
        found.append((command, "the last plan that was held, on the record"))
    return [
        *found,
        (f"{plangate} demo --interactive", "decide yourself"),
        (f"{plangate} init my-agent", "make a project with a gate of your own"),
    ]


def say_next(folder: Path, commands: Sequence[tuple[str, str]]) -> None:
    """What to try; one line holds nothing but a command, to be copied."""
    title("Try next")
    for command, what in commands:
        say(f"# {what}", style="dim")
        copied(command)
    say("")
    say("Mails, store and logs are here; remove them when you have seen enough:")
    copied(str(folder))


def _what_was_sent(tally: Tally) -> str:
    twice = f"{tally.duplicate_emails} of them a second time" if tally.duplicate_emails else "none twice"
    approved = (
        f"{tally.unapproved_effects} of them without an approval"
        if tally.unapproved_effects
        else "none without an approval"
    )
    of = tally.emails_delivered
    return f"{_count(of, 'mail')} {_were(of)} sent, {twice} and {approved}."


def _why(plan: Held) -> str:
    if plan.verdict.execute:
        return ""
    rejected = plan.verdict.state is GateState.REJECTED
    return (
        f", since {plan.verdict.decided_by} rejected the plan" if rejected else ", since nobody approved it"
    )


def _of_whom(plan: Held) -> str:
    paid, told = plan.kept_from_paid, plan.kept_from_told
    if not paid and not told:
        return ""
    others = len(plan.not_sent) - paid - told
    parts = [
        f"{paid} had paid" if paid else "",
        f"{told} had the same mail since the evening" if told else "",
        f"{others} neither" if others else "",
    ]
    return f": {', '.join(filter(None, parts))}"


def _decision(plan: Held) -> str:
    verdict, of = plan.verdict, len(plan.request.steps)
    words = in_words(verdict.note)
    if not verdict.execute:
        return f"{verdict.decided_by} rejected {_count(of, 'mail')}{words}"
    if len(verdict.steps) < of:
        return f"{verdict.decided_by} approved {len(verdict.steps)} of {_count(of, 'mail')}{words}"
    return f"{verdict.decided_by} approved {_count(of, 'mail')}{words}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
