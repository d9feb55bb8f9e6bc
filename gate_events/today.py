"""What today's contracts say of a record: the next version is read already, and not written yet.

Workers of the version before read neither its fields nor its words. What is left out here says nothing that
a decision, a digest or an effect rests on; all else is refused rather than lost.
"""

from functools import cache
from typing import Any

import msgspec

from gate_events.contracts import Contract, contract_of, reader_of
from gate_events.topics import TOPIC_OF
from gate_events.values import Step

_SAYS_LITTLE = {"signature", "evidence", "review_digest", "seen_at"}
_DEFAULTS = {"attempt": 1, "rejected_step_ids": ()}
_MEND = "upgrade every reader to the release that writes it"


@cache
def _not_yet() -> dict[type[Any], frozenset[str]]:
    """The fields that only the next version of a record has."""
    return {record: _names(reader_of(record)) - _names(contract_of(record)) for record in TOPIC_OF}


def _names(contract: Contract) -> frozenset[str]:
    return frozenset(field["name"] for field in contract.source["fields"])


def unsaid(record: Any) -> str | None:
    """What a record means and today's contract cannot say, with the mend; None: nothing."""
    for name in _not_yet()[type(record)] - _SAYS_LITTLE:
        value = getattr(record, name)
        if value != _DEFAULTS.get(name):
            return f"{name} {value!r} has no place in the contract that is written; {_MEND}"
    for step in getattr(record, "steps", None) or ():
        if step.after is not None:
            said = f"step {step.step_id!r}: after {step.after!r}"
            return f"{said} has no place in the contract that is written; {_MEND}"
    return None


def as_today(value: Any) -> Any:
    """A record, or rows that hold some, as JSON values, without what says nothing and is of the next version.

    The version before refuses members that it does not know.
    """
    if isinstance(value, list | tuple):
        return [as_today(each) for each in value]
    if isinstance(value, dict):
        return {
            name: as_today(part) if isinstance(part, msgspec.Struct) else part for name, part in value.items()
        }
    if not isinstance(value, msgspec.Struct):
        return value
    plain = msgspec.to_builtins(value)
    for name in _fields(type(value)):
        if plain[name] == _DEFAULTS.get(name):
            del plain[name]
    for step in plain.get("steps") or ():
        if step["after"] is None:
            del step["after"]
    for group in (plain.get("review") or {}).get("groups", ()):
        if not group["used"]:
            del group["used"]
    return plain


def _fields(kind: type[Any]) -> frozenset[str]:
    if kind is Step:
        return frozenset({"after"})
    return _not_yet().get(kind, frozenset())
