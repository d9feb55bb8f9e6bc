"""Checks a record before it is sent: msgspec looks at constraints only when it decodes."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from gate_events.errors import UnencodableError
from gate_events.names import fault_of_name

R = TypeVar("R")

_NAMES = ("proposer", "decided_by", "reported_by", "executor")


def checked(record: R) -> R:
    """The record as every reader will see it.

    Raises UnencodableError naming the field and its fault, in the words a reader would use.
    """
    try:
        plain = msgspec.to_builtins(record, builtin_types=(UUID, datetime))
        made = msgspec.convert(plain, type(record))
    except (msgspec.ValidationError, TypeError, RecursionError) as error:
        raise UnencodableError(type(record).__name__, str(error)) from error
    _refuse_unseen("agent.name", getattr(getattr(made, "agent", None), "name", None))
    for field in _NAMES:
        _refuse_unseen(field, getattr(made, field, None))
    return made


def _refuse_unseen(field: str, name: str | None) -> None:
    if name and (fault := fault_of_name(name)):
        raise UnencodableError(field, f"{name!a} {fault}; leave it out")
