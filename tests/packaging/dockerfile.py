"""The Dockerfile, one instruction a line."""

import re
from typing import NamedTuple

from tests.packaging.compose_file import ROOT


class Instruction(NamedTuple):
    """`RUN pip install …`: word RUN, the rest as it stands."""

    word: str
    rest: str


def instructions() -> list[Instruction]:
    """All of them, continued lines joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [Instruction(*line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]


def of(word: str) -> list[str]:
    """What follows every instruction of a kind."""
    return [each.rest for each in instructions() if each.word == word]
