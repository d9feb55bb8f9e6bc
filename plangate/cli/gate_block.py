"""A gate in a few lines: what is needed to tell whether to open it. `plangate show` has all of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.console import Console

from gate_events.names import same_name
from gate_events.shown import shown
from gate_events.values import Step
from gate_policy.catalogue import Catalogue
from gate_policy.render import sentence
from plangate.cli.hanging import wrapped
from plangate.cli.moments import ago, left
from plangate.cli.output import FOLDED_AT

View = Mapping[str, Any]

ID_LENGTH = 8  # characters: what the deciding commands want at least
_INDENT = ID_LENGTH + 2
_LINES = 6
_OF_A_TEXT = 2  # lines of a warning, and of a sentence
_NAME, _NAMES = 20, 2  # columns that a name gets, and how many are named
_CUT = " …"
_DEEPER = " " * (FOLDED_AT - _INDENT)
_DONE = "done already, to confirm or undo: "
_DOUBT = "in doubt whether it happened: "


def block(view: View, catalogue: Catalogue, now: datetime, on: Console) -> list[str]:
    """At most six lines: what needs judgment first, the decisive sentence, then how far, and who asks."""
    review, width = view["review"], max(on.width - _INDENT, _NAME)
    findings, groups = review["findings"], review["groups"]
    said = []
    if findings:
        said += _fitted(on, width, _OF_A_TEXT, f"! {findings[0]['text']}", _more(findings, "warning"))
    said += _fitted(on, width, _OF_A_TEXT, _what(view, catalogue), _more(groups, "sentence"))
    said += _fitted(on, width, _LINES - len(said) - 1, _how_far(view, now))
    said += _fitted(on, width, _LINES - len(said), _who(view))
    begin = [view["request_id"][:ID_LENGTH].ljust(_INDENT), *[" " * _INDENT] * (len(said) - 1)]
    return [first + text for first, text in zip(begin, said, strict=True)]


def looked(view: View) -> str:
    """How far it has come to those who decide: seen by ana; delivered to ben; empty: nobody says so."""
    seen, delivered = (_people(_who_did(view, what)) for what in ("SEEN", "DELIVERED"))
    if seen:
        return f"seen by {seen}"
    return f"delivered to {delivered}" if delivered else ""


def _what(view: View, catalogue: Catalogue) -> str:
    """The sentence that stands first: what a finding names, else the highest tier."""
    group = next(iter(view["review"]["groups"]), {"text": "", "step_ids": ()})
    if view["kind"] == "IN_DOUBT":
        steps = {step["step_id"]: step for step in view["steps"]}
        doubted = [steps[step_id] for step_id in group["step_ids"] if step_id in steps]
        if len(doubted) == 1:
            return _DOUBT + sentence(msgspec.convert(doubted[0], Step), catalogue)
        return str(group["text"])
    return f"{_DONE if view['timing'] == 'AFTER' else ''}{group['text']}"


def _how_far(view: View, now: datetime) -> str:
    terms, approved = view["review"]["terms"], view["approved_by"]
    told = [view["tier"], f"asked {ago(view['requested_at'], now)}"]
    if view["state"] == "PENDING":
        told.append(_left(terms["deadline"], now))
    else:
        told.append(f"{view['state'].lower()} {ago(terms['deadline'], now)}")
    if terms["quorum"] > 1:
        names = f": {_people(approved)}" if approved else ""
        told.append(f"{len(approved)} of {terms['quorum']}{names}")
    return ", ".join(told)


def _left(deadline: str, now: datetime) -> str:
    span = left(deadline, now)
    return "the deadline is over" if span == "over" else f"{span} left"


def _who(view: View) -> str:
    agent, proposer = view["agent"]["name"], view["proposer"]
    told = [f"from {_name(agent)}"]
    if not same_name(agent, proposer):
        told.append(f"proposed by {_name(proposer)}")
    if views := looked(view):
        told.append(views)
    elif view["state"] != "PENDING":
        told.append("nobody is known to have looked")
    return ", ".join(told)


def _who_did(view: View, what: str) -> list[str]:
    return [each["who"] for each in view["views"] if each["what"] == what]


def _people(names: Sequence[str]) -> str:
    """ana; ana and ben; ana, ben and 3 more."""
    named = [_name(each) for each in names[:_NAMES]]
    if len(names) > _NAMES:
        return f"{', '.join(named)} and {len(names) - _NAMES} more"
    return " and ".join(named)


def _name(name: str) -> str:
    seen = shown(name[: 4 * _NAME])
    return seen if cell_len(seen) <= _NAME else _cut(seen, _NAME, _CUT)


def _more(told: Sequence[object], what: str) -> str:
    more = len(told) - 1
    return f" (and {more} more {what}{'s' if more > 1 else ''})" if more else ""


def _fitted(on: Console, width: int, lines: int, text: str, tail: str = "") -> list[str]:
    """Folded onto so many lines; of a longer text the end is cut, and `tail` stays."""
    most = 4 * width * lines
    seen = shown(text[:most])
    folded = _folded(on, width, seen + tail)
    if len(folded) <= lines and len(text) <= most:
        return folded
    kept = _folded(on, width, seen)[:lines]
    return [*kept[:-1], _cut(kept[-1], width, _CUT + tail)]


def _folded(on: Console, width: int, text: str) -> list[str]:
    """The rest is set in deeper, as everywhere, so that no text can fold itself into a line of ours."""
    first = wrapped(text, on, width)[0]
    rest = text[len(first) :].lstrip(" ")
    deeper = wrapped(rest, on, width - len(_DEEPER)) if rest else []
    return [first.rstrip(" "), *(_DEEPER + line.rstrip(" ") for line in deeper)]


def _cut(text: str, width: int, tail: str) -> str:
    room = max(width - cell_len(tail), 0)
    cut = text if cell_len(text) <= room else set_cell_size(text, room)
    return cut.rstrip() + tail
