"""Durations as people write them: 90s, 30m, 8h, 2d, 1h30m."""

import re

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST = 366 * 86_400
_WHOLE = re.compile(r"(?:\d{1,9}[smhd])+")
_PART = re.compile(r"(\d{1,9})([smhd])")
MEND = 'write it like "90s", "30m", "8h" or "7d", from 1 second to 366 days'


def seconds(text: str) -> int | None:
    """The number of seconds that `text` says, or None where it says none from 1 s to 366 days."""
    if not _WHOLE.fullmatch(text):
        return None
    total = sum(int(count) * SECONDS[unit] for count, unit in _PART.findall(text))
    return total if 1 <= total <= LONGEST else None


def spoken(count: int) -> str:
    """172800 -> "2 days", 86400 -> "24 hours", 5400 -> "90 minutes"."""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if count >= size and count % size == 0 and (unit, count) != ("day", 86_400):
            return _plural(count // size, unit)
    return _plural(count, "second")


def _plural(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
