"""The person at the keyboard of `plangate demo --interactive`, who is asked again at a word that is none."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import typer
from rich.columns import Columns
from rich.padding import Padding
from rich.text import Text

from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested
from gate_events.shown import shown
from gate_events.values import Step
from gate_events.words import DecisionKind
from gate_policy.display import argument_name, plain
from plangate.cli.output import console, indented, say
from plangate.demo.mail import files, message_of
from plangate.demo.narration import title
from plangate.demo.reviewer import REVIEWER, Choice, present, without_warnings

_DECISIONS = {
    "approve": DecisionKind.APPROVE,
    "edit": DecisionKind.EDIT,
    "reject": DecisionKind.REJECT,
}
_LOOKS = {
    "plan": "the plan once more",
    "show N": "step N with all its arguments",
    "mail N": "the mail that step N would send",
    "names": "who stands in the plan, by warning",
    "help": "these words",
}
_AT_THE_END = {
    "mails": "the mails that arrived",
    "mail N": "open one of them",
    "help": "these words",
    "end": "leave",
}


def interactive(request: ApprovalRequested, sensible: list[Step]) -> Choice:
    """Ask until one of the three decisions is said; then for the words that go with it."""
    words = _words_about(request, sensible)
    _help(words)
    while True:
        word, number = _asked(REVIEWER)
        if word == "edit" and "edit" not in words:
            say("edit: no step has a warning, or all have; approve or reject")
        elif word in _DECISIONS and number is None:
            note = typer.prompt("Your words to the agent", default="", show_default=False)
            return _DECISIONS[word], sensible if word == "edit" else None, note
        elif not _looked(word, number, request):
            _no_word(words) if word != "help" else _help(words)


def open_mails(folder: Path) -> None:
    """Let the person open any mail that arrived, until they say that it is enough."""
    title("Open any mail")
    _help(_AT_THE_END)
    while True:
        try:
            word, number = _asked("mails")
        except typer.Abort:  # Ctrl-D, or Ctrl-C
            return
        arrived = files(folder)
        if word == "end" and number is None:
            return
        if word == "mails" and number is None:
            _columns(shown(file.stem) for file in arrived)
        elif word == "mail" and number is not None:
            if 1 <= number <= len(arrived):
                _mail(arrived[number - 1].read_text())
            else:
                say(f"mail {number}: {len(arrived)} arrived, from 1 on")
        elif word == "help":
            _help(_AT_THE_END)
        else:
            _no_word(_AT_THE_END)


def _asked(prompt: str) -> tuple[str, int | None]:
    """A word, and the number behind it; anything else is the whole line, which is no word. Raises Abort."""
    said = str(typer.prompt(f"{prompt}", prompt_suffix="> ")).strip()
    word, _, rest = said.partition(" ")
    if not rest:
        return word.lower(), None
    number = rest.strip()
    return (word.lower(), int(number)) if number.isascii() and number.isdigit() else (said, None)


def _words_about(request: ApprovalRequested, sensible: Sequence[Step]) -> Mapping[str, str]:
    of = len(request.steps)
    offered = {"approve": f"all {of} steps run"}
    if 0 < len(sensible) < of:
        offered["edit"] = f"the {len(sensible)} of {of} steps without a warning run, the others do not"
    return {**offered, "reject": "nothing runs", **_LOOKS}


def _looked(word: str, number: int | None, request: ApprovalRequested) -> bool:
    """Whether that was a word to look at something, and it was shown."""
    match word, number:
        case "plan", None:
            present(request)
        case "names", None:
            _names(request)
        case "show" | "mail", int(nth):
            if not 1 <= nth <= len(request.steps):
                say(f"{word} {nth}: the plan has steps 1 to {len(request.steps)}")
                return True
            step = request.steps[nth - 1]
            _step(step) if word == "show" else _mail_of(step, request)
        case _:
            return False
    return True


def _help(words: Mapping[str, str]) -> None:
    for word, what in words.items():
        indented(f"{word:<8} {what}", 2)


def _no_word(words: Iterable[str]) -> None:
    say(f"that is none of the words here: {', '.join(words)}")


def _step(step: Step) -> None:
    indented(f"{shown(step.step_id)}  {shown(step.action_type)}", 2)
    for name, value in step.arguments.items():
        indented(shown(f"{argument_name(name)}: {plain(value)}"), 6)


def _mail_of(step: Step, request: ApprovalRequested) -> None:
    _mail(message_of(step.arguments, str(effect_key(request.plan_id, step.step_id))).as_string())


def _mail(text: str) -> None:
    for line in text.splitlines():
        indented(line, 4)


def _names(request: ApprovalRequested) -> None:
    """Who stands under which warning, and who under none; each with the number of the step."""
    name_of = {
        step.step_id: f"{nth} {shown(str(step.arguments.get('customer')))}"
        for nth, step in enumerate(request.steps, start=1)
    }
    for finding in request.review.findings:
        indented(f"! {shown(finding.text)}:", 2, style="yellow")
        _columns(name_of[step_id] for step_id in finding.step_ids)
    indented("without a warning:", 2)
    _columns(name_of[step.step_id] for step in without_warnings(request))


def _columns(names: Iterable[str]) -> None:
    console.print(Padding(Columns([Text(name) for name in names], padding=(0, 2)), (0, 0, 0, 4)))
