"""Topics between those who say and those who take: in order within a partition, in any order between them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.model.universe import Sent
from tests.model.world import Picture, World

MILLISECOND = timedelta(milliseconds=1)


class Partitions(RuleBasedStateMachine):
    """What was sent and is not taken yet; nobody sends two records at one moment."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.begin()
        self.pending: list[Sent] = []
        self._picture: Picture | None = None

    @property
    def now_there(self) -> Picture:
        """The store as the last rule left it; read once a step."""
        if self._picture is None:
            self._picture = self.world.picture()
        return self._picture

    def changed(self) -> None:
        """A rule has written."""
        self._picture = None

    def send(self, record: Any) -> Sent:
        """Append to the record's topic, at a moment of its own."""
        self.pass_time(MILLISECOND)
        sent = Sent(record, self.world.now)
        self.pending.append(sent)
        return sent

    def pass_time(self, by: timedelta) -> None:
        self.world.set_clock(self.world.now + by)

    def some_partitions(self, data: st.DataObject) -> list[Sent]:
        """All that is pending in some partitions of some topics."""
        by_partition: dict[tuple[str, str], list[Sent]] = defaultdict(list)
        for sent in self.pending:
            by_partition[type(sent.record).__name__, str(sent.record.plan_id)].append(sent)
        if not by_partition:
            return []
        chosen = st.lists(st.sampled_from(sorted(by_partition)), unique=True, min_size=1)
        return [sent for each in data.draw(chosen) for sent in by_partition[each]]

    def taken(self, chosen: Sequence[Sent]) -> list[Sent]:
        """These, in the order of the log; they are pending no more."""
        ids = {id(sent) for sent in chosen}
        batch = [sent for sent in self.pending if id(sent) in ids]
        self.pending = [sent for sent in self.pending if id(sent) not in ids]
        self.pass_time(MILLISECOND)
        return batch
