"""Whether a worker's processes serve, and what they need answers: in words of our own alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plangate.worker.endpoint.asked import Asked

_SERVES_NOT = "does not serve"
_NO_ANSWER = "does not answer"


def readiness(
    parts: Mapping[str, Sequence[str]],
    serves: Callable[[str, str], bool],
    asked: Mapping[str, Asked[Any]],
) -> dict[str, str]:
    """What is wrong with each part of each process (`parts`), and with each that is `asked`; or nothing."""
    found = {
        f"{part} ({process})": "" if serves(process, part) else _SERVES_NOT
        for process, its_parts in parts.items()
        for part in its_parts
    }
    answers = {what: "" if each.answer() is not None else _NO_ANSWER for what, each in asked.items()}
    return {**found, **answers}
