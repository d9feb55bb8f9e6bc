"""A service that executes for itself, and a witness that sees every call."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from plangate import Step, effect
from plangate.settings import Settings
from plangate.wiring import schema_ids
from producers.verdicts import Verdicts, verdicts


@dataclass
class Witness:
    """Counts what was really called: it is the judge, not our own tables."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def saw(self, plan_id: str, step: Step) -> str:
        """Note one call of a step's body."""
        with self._lock:
            self.calls[plan_id, step.step_id] += 1
        return "done"

    @property
    def plans(self) -> set[str]:
        """The plans of which a step was called."""
        return {plan_id for plan_id, _ in self.calls}

    @property
    def repeats(self) -> int:
        """Steps called more than once."""
        return sum(count > 1 for count in self.calls.values())


@contextmanager
def executors(settings: Settings, witness: Witness, count: int) -> Iterator[None]:
    """`count` members of one group carry out whatever is cleared or approved, and say so on `outcomes`."""
    ids = schema_ids(settings)
    services = [
        verdicts(
            settings.kafka_options,
            group="benchmark-executor",
            store_url=settings.store_url,
            topic_prefix=settings.topic_prefix,
            schema_id_of=ids.id_for if ids else None,
            schema_of=ids.schema_of if ids else None,
        )
        for _ in range(count)
    ]
    threads = [threading.Thread(target=_carry_out, args=(one, witness)) for one in services]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for service in services:
            service.stop()
        for thread in threads:
            thread.join()


def _carry_out(service: Verdicts, witness: Witness) -> None:
    with service:
        for work in service:
            with work:
                for step in work.steps:
                    # the witness stands in for whatever service an action type has
                    work.once(step, effect(step.action_type)(partial(witness.saw, str(work.plan_id))))
