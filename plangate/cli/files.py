"""What commands read: files and standard input."""

import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from plangate.cli.failures import CommandError


def read_text(file: Path) -> str:
    """A file's text; - is standard input. Raises OSError, CommandError."""
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: byte {error.start} is no UTF-8", "save it as UTF-8 text") from error


def parse_yaml(text: str, name: object, mend: str) -> Any:
    """YAML, and so JSON, as plain data. Raises CommandError with the line and the mend."""
    try:
        return YAML(typ="safe").load(text)
    except (YAMLError, ValueError) as error:  # ValueError: a date that is none
        raise CommandError(f"{name}{_place(error)}: neither JSON nor YAML ({_fault(error)})", mend) from error


def _place(error: Exception) -> str:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    return f":{mark.line + 1}" if mark else ""


def _fault(error: Exception) -> str:
    problem = error.problem if isinstance(error, MarkedYAMLError) else None
    return str(problem or error).splitlines()[0]
