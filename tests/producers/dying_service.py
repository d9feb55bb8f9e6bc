"""A service killed at a named point: `-m tests.producers.dying_service SERVERS PREFIX STORE FOLDER POINT`.

Every effect is a line in FOLDER/effects.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from plangate import Step, effect, verdicts
from producers.work import Work

GROUP = "mailer"
LEASE_S = 1.0
MEMBER = {"group.instance.id": "mailer-1"}  # its next start is the same member: nobody waits for the dead one


def main(servers: str, prefix: str, store_url: str, folder: str, point: str) -> None:
    @effect("send_email")
    def send(step: Step) -> str:
        with (Path(folder) / "effects").open("a") as effects:
            effects.write(f"{step.step_id}\n")
        if point == "inside-the-effect":
            _die()
        return "sent"

    if point == "before-the-outcome":
        setattr(Work, "done", _die)  # noqa: B010 - a method may not be assigned to
    with verdicts(
        {"bootstrap.servers": servers},
        consumer=MEMBER,
        group=GROUP,
        store_url=store_url,
        catalogue=Path(folder) / "catalogue.yaml",
        topic_prefix=prefix,
        lease_s=LEASE_S,
        idle_s=20,
    ) as inbox:
        for work in inbox:
            with work:
                for step in work.steps:
                    work.once(step, send)
            return


def _die(*_arguments: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
