"""What the members of a group do not have in common, in counts, sums and ranges; and what they have."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, localcontext
from itertools import islice
from typing import Any

import msgspec

from gate_events.shown import shown
from gate_policy.display import argument_name, named

_LISTED = 3  # values; of more the first and the last are told
_DIGITS = 700  # from the largest double to the smallest, and thousands of them
_LONGEST = 40  # characters of a value
_UNLISTED = 20  # arguments that the catalogue does not list; of more it is told how many


Members = Sequence[Mapping[str, Any]]


def differences(members: Members, listed: Collection[str] = ()) -> str:
    """Each argument in which these differ, the `listed` ones first; empty where they do not.

    All of the listed ones are told: what a plan adds to them hides none.
    """
    differing = {name: values for name, values in _by_name(members).items() if _differ(values, len(members))}
    told = [_told(name, differing[name], len(members)) for name in _named_first(differing, listed)]
    if more := len(differing) - len(told):
        told.append("another argument differs" if more == 1 else f"{more} other arguments differ")
    return "; ".join(told)


def in_common(members: Members, listed: Collection[str] = ()) -> dict[str, Any]:
    """The arguments that all of these have, each with the same value, the `listed` ones first.

    Of those that are not listed so many as are named of differing ones; the rest stands at each step.
    """
    same = {
        name: values[0] for name, values in _by_name(members).items() if not _differ(values, len(members))
    }
    return {name: same[name] for name in _named_first(same, listed)}


def same_in_all(common: Mapping[str, Any]) -> str:
    """Arguments that members have in common, whole: the group says them once for all. Empty where none is."""
    return f"the same in all: {named(common)}" if common else ""


def _by_name(members: Members) -> Mapping[str, list[Any]]:
    by_name: defaultdict[str, list[Any]] = defaultdict(list)  # in one pass: each may have names of its own
    for arguments in members:
        for name, value in arguments.items():
            by_name[name].append(value)
    return by_name


def _named_first(names: Collection[str], listed: Collection[str]) -> list[str]:
    unlisted = (name for name in names if name not in listed)
    return [*(name for name in listed if name in names), *islice(unlisted, _UNLISTED)]


def _differ(values: Sequence[Any], count: int) -> bool:
    return len(values) < count or len(set(map(_written, values))) > 1


def _told(name: str, values: Sequence[Any], count: int) -> str:
    written = Counter(map(_written, values))
    missing = count - len(values)
    numbers = [value for value in values if type(value) in (int, float)]
    if len(written) <= _LISTED:
        what = ", ".join(f"{_short(value)} {_times(times)}" for value, times in written.items())
    elif len(numbers) == len(values):
        what = f"{min(numbers)} to {max(numbers)}, {_sum(numbers)} in all, {len(written)} different values"
    else:
        what = f"{len(written)} different values, {_short(min(written))} to {_short(max(written))}"
    return shown(f"{argument_name(name)}: {what}" + (f", missing {_times(missing)}" if missing else ""))


def _written(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _sum(numbers: Sequence[int | float]) -> Decimal:
    """Of numbers as they are written: the same on every machine, 0.1 and 0.2 are 0.3.

    Exact, and then rounded: huge ones that cancel each other out hide none of the others.
    """
    with localcontext(prec=_DIGITS):
        exact = sum((Decimal(str(number)) for number in numbers), Decimal(0))
    return +exact


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
