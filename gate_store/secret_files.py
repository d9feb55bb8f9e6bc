"""Secrets that the environment names by file: `NAME_FILE=/run/secrets/x` for `NAME=…`."""

import os
from pathlib import Path

FILE = "_FILE"


class SecretFileError(ValueError):
    """A secret cannot be had from the file that a variable names. Never shows what the file holds."""


def from_environment(name: str) -> str | None:
    """The variable's value, or what the file that `NAME_FILE` names holds, without its line's end.

    Raises SecretFileError where both are set, or the file cannot be read as one line of UTF-8.
    """
    value, file = os.environ.get(name), os.environ.get(f"{name}{FILE}")
    if file is None:
        return value
    if value is not None:
        raise SecretFileError(f"{name} and {name}{FILE} are both set; unset one of them")
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise SecretFileError(f"{name}{FILE}: {file}: {why}; name a file that can be read") from error
    except UnicodeDecodeError:
        raise SecretFileError(f"{name}{FILE}: {file} is no text in UTF-8; write it so") from None
    return "\n".join(lines)
