"""Records of two versions, side by side."""

from typing import Any


def as_far_as(before: Any, now: Any) -> Any:
    """What is said now, without the members that there were not before."""
    if isinstance(before, dict):
        return {name: as_far_as(part, now[name]) for name, part in before.items()}
    if isinstance(before, list):
        assert len(before) == len(now)
        return [as_far_as(*pair) for pair in zip(before, now, strict=True)]
    return now
