"""What the members of a group do not have in common, in a few words: counts, sums and ranges."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from gate_events.shown import shown

_LISTED = 3  # values; of more the first and the last are told
_LONGEST = 40  # characters of a value


def differences(members: Sequence[Mapping[str, Any]]) -> str:
    """Each argument in which these differ; empty where they do not."""
    names = dict.fromkeys(name for arguments in members for name in arguments)
    told = (
        _told(name, [arguments[name] for arguments in members if name in arguments], len(members))
        for name in names
    )
    return "; ".join(filter(None, told))


def _told(name: str, values: Sequence[Any], count: int) -> str:
    written = Counter(map(_written, values))
    missing = count - len(values)
    if len(written) == 1 and not missing:
        return ""
    numbers = [value for value in values if type(value) in (int, float)]
    if len(written) <= _LISTED:
        what = ", ".join(f"{_short(value)} {_times(times)}" for value, times in written.items())
    elif len(numbers) == len(values):
        what = f"{min(numbers)} to {max(numbers)}, {_sum(numbers)} in all, {len(written)} different values"
    else:
        what = f"{len(written)} different values, {_short(min(written))} to {_short(max(written))}"
    return shown(f"{name}: {what}" + (f", missing {_times(missing)}" if missing else ""))


def _written(value: Any) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _sum(numbers: Sequence[int | float]) -> Decimal:
    """Of numbers as they are written: the same on every machine, 0.1 and 0.2 are 0.3."""
    return sum((Decimal(str(number)) for number in numbers), Decimal(0))


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
