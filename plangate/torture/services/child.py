"""A service under torture: `python -m plangate.torture.services.child SORT`, with or without a store."""

import logging
import os
import signal
import sys
import time
from typing import Any

from gate_events.words import StepStatus
from plangate import Step, effect
from plangate.settings import load_settings
from plangate.torture.calling import EffectError, ask, content
from plangate.torture.fault_points import FaultPoints
from plangate.torture.lines import append
from plangate.torture.places import places
from plangate.torture.services.plans import ACTIONS, ALL_ACTIONS, WITH_STORE, group_of
from plangate.worker.parent import end_with_parent
from producers.verdicts import Verdicts, verdicts
from producers.work import StepNotRunError, Work


class Acting:
    """Carries out the steps of one plan, and notes what it was about to do."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._where = places()
        self._points = FaultPoints(self._where)

    def all(self) -> None:
        """Every step, in order."""
        for step in self._work.steps:
            try:
                self._work.once(step, self._call)
            except StepNotRunError as refused:
                if refused.status is StepStatus.IN_DOUBT:
                    self._note(step, doubt=True)
                raise

    @effect(*ALL_ACTIONS)
    def _call(self, step: Step) -> str:
        self._note(step, doubt=False)
        self._points.at("service.effect.before")
        if not ask(self._question(step)).get("ok"):
            raise EffectError("the witness refused the effect: it did not happen")
        self._points.at("service.effect.after")
        return "done"

    def _question(self, step: Step) -> dict[str, Any]:
        return {
            "do": "call",
            "key": self._work.key(step),
            "label": step.arguments["label"],
            "step": step.step_id,
            "action": step.action_type,
            "content": content(step.to_value()),
            "pid": os.getpid(),
        }

    def _note(self, step: Step, *, doubt: bool) -> None:
        line = {"at": time.time(), "key": self._work.key(step), "doubt": doubt, "pid": os.getpid()}
        append(self._where.claims, {**line, "service": True})


def serve(service: str) -> None:
    """Carry out plans until SIGTERM."""
    with _opened(service) as works:
        signal.signal(signal.SIGTERM, lambda *_: works.stop())
        (places().awake / str(os.getpid())).touch()
        for work in works:
            with work:
                Acting(work).all()


def _opened(service: str) -> Verdicts:
    settings = load_settings()
    has_store = service == WITH_STORE
    return verdicts(
        settings.kafka_options,
        group=group_of(service),
        actions=ACTIONS[service],
        store_url=settings.store_url if has_store else None,
        catalogue=settings.catalogue if has_store else None,
        topic_prefix=settings.topic_prefix,
        lease_s=settings.lease_s,
    )


def main() -> None:
    """Entry of the child process."""
    end_with_parent()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"
    )
    try:
        serve(sys.argv[1])
    finally:
        (places().awake / str(os.getpid())).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
