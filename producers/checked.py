"""Checks a record before it is sent: msgspec looks at constraints only when it decodes."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from gate_events.errors import UnencodableError

R = TypeVar("R")


def checked(record: R) -> R:
    """The record as every reader will see it.

    Raises UnencodableError naming the field and its fault, in the words a reader would use.
    """
    try:
        plain = msgspec.to_builtins(record, builtin_types=(UUID, datetime))
        return msgspec.convert(plain, type(record))
    except (msgspec.ValidationError, TypeError, RecursionError) as error:
        raise UnencodableError(type(record).__name__, str(error)) from error
