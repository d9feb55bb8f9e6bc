"""The password file of libpq (`~/.pgpass`), for asyncpg, which misreads what is escaped in it."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path

_DEFAULT = "~/.pgpass"
_FIELDS = re.compile(r"((?:\\.|[^:\\])*)(?::|$)")


def password_for(host: str, port: int, given: Mapping[str, str], default_folder: str) -> str | None:
    """The password of the first line that fits, as libpq finds it; None: there is none.

    A socket in `default_folder` is `localhost` there. A file that others may read does not count.
    """
    try:
        file = Path(given.get("passfile") or _DEFAULT).expanduser()
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return None
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, RuntimeError, UnicodeDecodeError):
        return None
    shown = "localhost" if host == default_folder else host
    wanted = [shown, str(port), given["dbname"], given["user"]]
    for line in lines:
        fields = _fields(line)
        if len(fields) == len(wanted) + 1 and all(map(_fits, fields, wanted)):
            return re.sub(r"\\(.)", r"\1", fields[-1])
    return None


def _fields(line: str) -> list[str]:
    """Four fields, still escaped, and the rest of the line; nothing for a comment."""
    if line.startswith("#"):
        return []
    found: list[str] = []
    place = 0
    while len(found) < 4 and (field := _FIELDS.match(line, place)) and field.group(0).endswith(":"):
        found.append(field.group(1))
        place = field.end()
    return [*found, line[place:]]


def _fits(pattern: str, value: str) -> bool:
    return pattern == "*" or re.sub(r"\\(.)", r"\1", pattern) == value
