"""What is stopped for one service: by its host's file, and by the topic where it has no store."""

from collections.abc import Sequence
from typing import Protocol

from gate_events.stops import Stop, holding
from gate_store.stop_file import StopFile
from producers.stop_topic import StopTopic


class Stops(Protocol):
    """Says what is stopped here: a `StopFile`, or more."""

    def stops(self) -> Sequence[Stop]:
        """What is stopped."""

    def holding(self, action_type: str) -> Stop | None:
        """The stop that lets nothing of this action type begin; None: it may begin."""


class StopsHere:
    """Both. A service with a store looks at the store's rows, in the statement that begins a step."""

    def __init__(self, file: StopFile, topic: StopTopic | None) -> None:
        self._file = file
        self._topic = topic

    def stops(self) -> Sequence[Stop]:
        """What is stopped, each once."""
        said = self._topic.stops() if self._topic else []
        return list({stop.stop_id: stop for stop in [*said, *self._file.stops()]}.values())

    def holding(self, action_type: str) -> Stop | None:
        """The stop that lets nothing of this action type begin; None: it may begin."""
        return holding(self.stops(), action_type)
