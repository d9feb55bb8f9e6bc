"""What a supervisor knows of its children, for /healthz."""

import asyncio
import os
import signal
from pathlib import Path

from plangate.worker.supervisor import Child, Supervisor


def test_a_child_that_ended_is_told_with_its_code_until_it_lives_again(tmp_path: Path) -> None:
    """It ends once, and then stays: SIGTERM ends it."""
    (tmp_path / "short.py").write_text(
        "import pathlib, sys, time\n"
        "seen = pathlib.Path(__file__).with_name('seen')\n"
        "if not seen.exists():\n"
        "    seen.touch()\n"
        "    sys.exit(3)\n"
        "time.sleep(600)\n"
    )
    child = Child("short", "short", environment={"PYTHONPATH": str(tmp_path)})
    heard: list[tuple[str, str]] = []
    supervisor = Supervisor([child], on_end=lambda name: heard.append((name, supervisor.ended[name])))

    async def stop_once_it_lives_again() -> None:
        while not supervisor.restarts or supervisor.ended["short"]:  # noqa: ASYNC110 - another task changes it
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    async def both() -> None:
        await asyncio.gather(supervisor.run(), stop_once_it_lives_again())

    assert supervisor.ended == {"short": "has not started yet"}
    asyncio.run(both())
    assert heard == [("short", "ended with 3"), ("short", "ended with -15")]
