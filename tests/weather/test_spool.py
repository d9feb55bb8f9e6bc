"""A dead letter that fits no topic is written to a folder; a full disk there is waited for."""

import asyncio
import json
import logging
from pathlib import Path

import pytest

from stream_apps.spool import Spool
from tests.weather.outage import idles, until
from tests.weather.small_disk import SmallDisk


async def test_a_dead_letter_waits_for_room_in_its_folder_and_is_then_whole(
    disk: SmallDisk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    folder = disk.folder / "spool"
    disk.fill()
    keeping = asyncio.ensure_future(Spool(folder).keep(b"key", b"x" * 50_000, [("h", b"v")], "too large"))
    await until(lambda: "is away" in caplog.text)
    await idles(0.8)
    assert not keeping.done()
    disk.free()
    await asyncio.wait_for(keeping, 20)
    (kept,) = whole(folder)
    assert json.loads(kept.read_text())["problem"] == "too large"
    assert caplog.text.count("is away") == caplog.text.count("is back") == 1
    assert "the disk is full; free space there" in caplog.text


def whole(folder: Path) -> list[Path]:
    files = list(folder.iterdir())
    assert all(path.suffix == ".json" for path in files), files
    return files
