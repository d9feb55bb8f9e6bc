"""A YAML document to a checked entry; pydantic's errors become problems with line and mend."""

from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gate_policy import entries
from gate_policy.entries import CatalogueEntry
from gate_policy.errors import CatalogueError, Problem
from gate_policy.yaml_text import Document, Path

_WANTED = {
    "string_type": ("is no text", "write text; quote it where it holds : # {{ or starts with a digit"),
    "bool_type": ("is no boolean", "write true or false"),
    "int_type": ("is no whole number", "write a whole number without quotes"),
    "list_type": ("is no list", "write a list: [a, b]"),
    "dict_type": ("is no mapping", "write name: value pairs"),
    "model_type": ("is no mapping", "write name: value pairs"),
    "string_too_short": ("is empty", "write something or leave the field out"),
    "string_too_long": ("is too long", "shorten it: names hold 256 characters, sentences 2000"),
    "too_short": ("is empty", "name at least one or leave the field out"),
    "too_long": ("is too long", "keep it to 1000 entries"),
}
# which model stands at which depth of the file, to name its fields in a mend
_MODELS: dict[str, type[BaseModel]] = {
    "defaults": entries.DefaultsEntry,
    "actions": entries.ActionEntry,
    "rules": entries.RuleEntry,
    "checks": entries.ChecksEntry,
    "limits": entries.LimitsEntry,
    "undo": entries.UndoEntry,
    "effect": entries.EffectEntry,
}


def checked(document: Document) -> CatalogueEntry:
    """The document's content. Raises CatalogueError with every problem found."""
    if not isinstance(document.value, dict):
        mend = "begin with version: 1 and actions:"
        raise CatalogueError([document.made((), None, "is no mapping", mend)])
    try:
        return CatalogueEntry.model_validate(document.value)
    except ValidationError as error:
        raise CatalogueError([_problem(found, document) for found in error.errors()]) from None


def _problem(found: ErrorDetails, document: Document) -> Problem:
    path: Path = tuple(part for part in found["loc"] if part != "[key]")
    kind = found["type"]
    if kind == "missing":
        return document.made(path, None, "is missing", _missing_mend(path))
    if kind == "extra_forbidden":
        return document.made(path, None, "is no known field", _extra_mend(path))
    fault, mend = _WANTED.get(kind, ("", ""))
    if not fault:
        context: dict[str, Any] = found.get("ctx", {})
        fault = found["msg"] if kind == "plangate" else "is not allowed"
        mend = context.get("mend") or found["msg"].replace("Input should be", "it should be")
    return document.made(path, found["input"], fault, mend)


def _missing_mend(path: Path) -> str:
    return entries.TIER_MEND if path[-1] == "tier" else f"add {path[-1]}: …"


def _extra_mend(path: Path) -> str:
    known = _fields_beside(path)
    close = get_close_matches(str(path[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else f"use one of {', '.join(known)}"


def _fields_beside(path: Path) -> list[str]:
    for part in reversed(path[:-1]):
        if isinstance(part, str) and part in _MODELS:
            return list(_MODELS[part].model_fields)
    return list(CatalogueEntry.model_fields)
