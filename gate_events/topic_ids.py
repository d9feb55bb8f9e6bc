"""Notices that a topic was deleted and made anew under its name: Kafka then gives it another id.

Whoever read the old one stands at an offset of it, where the new one has other records, or none yet: what
stands before that would never be read.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from time import monotonic
from typing import Any

_LOOK_S = 10.0

Answers = Mapping[str, "Future[Any]"]  # by topic; of descriptions that have a topic_id


class TopicIds:
    """The ids of some topics. `ask` asks a broker for them and does not wait."""

    def __init__(self, ask: Callable[[], Answers], every_s: float = _LOOK_S) -> None:
        self.there: frozenset[str] = frozenset()  # topics of which the last answer told
        self._ask = ask
        self._every_s = every_s
        self._ids: dict[str, str] = {}
        self._asked: Answers = {}
        self._next = monotonic()

    def look(self) -> set[str]:
        """The topics that were made anew since they were seen last; to be called often, it never waits.

        A broker that does not answer, or knows no ids, is asked again later: nothing follows from that.
        """
        if not self._asked and monotonic() >= self._next:
            self._asked = self._ask()
        if not self._asked or not all(answer.done() for answer in self._asked.values()):
            return set()
        answers, self._asked, self._next = self._asked, {}, monotonic() + self._every_s
        ids = {topic: str(each.result().topic_id) for topic, each in answers.items() if not each.exception()}
        anew = {topic for topic, known in ids.items() if self._ids.get(topic, known) != known}
        self._ids.update(ids)
        self.there = frozenset(ids)
        return anew
