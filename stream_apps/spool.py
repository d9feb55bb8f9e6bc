"""A folder for dead letters that no topic takes."""

import json
import logging
import os
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from stream_apps.patience import through_outages
from stream_apps.plain_errors import in_thread
from stream_apps.progress import Progress

_log = logging.getLogger("plangate.dead_letters")


class Spool:
    """One JSON file a record: key, value and headers in base64."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        problem: str,
    ) -> Path:
        """Write the record, durably, and say where; a full disk is waited for."""
        content = json.dumps(
            {
                "key": _text(key),
                "value": _text(value),
                "headers": [[name, _text(part)] for name, part in headers],
                "problem": problem,
            }
        )
        path = self._folder / f"{uuid4().hex}.json"
        await through_outages(f"folder {self._folder}", lambda: in_thread(_write, path, content), Progress())
        _log.error("a dead letter fits no topic (%s); kept in %s", problem, path.absolute())
        return path


def _text(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode()


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(".partial")
    opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # a record may hold secrets
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # its new name, too
    finally:
        os.close(folder)
