"""What a document asks its reader to write and to type."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FILE = re.compile(r"^\*\*`([^`]+)`\*\*[^\n]*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def files(document: Path) -> dict[str, str]:
    """The files that a document shows: **`name`** and the block below it."""
    return dict(_FILE.findall(document.read_text(encoding="utf-8")))


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return [text for name, text in _BLOCK.findall(document.read_text(encoding="utf-8")) if name == language]


def links(document: Path) -> list[str]:
    """Where a document links to inside of the repository, anchors left out."""
    found = _LINK.findall(document.read_text(encoding="utf-8"))
    return [link.partition("#")[0] for link in found if "://" not in link and not link.startswith("#")]
