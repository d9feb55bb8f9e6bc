"""The plan that a service is at."""

from collections.abc import Collection

from producers.dead_letters import place_of
from producers.hearing import Heard
from producers.offsets import Partition
from producers.work import Work


class InHand:
    """The plan that a service is at; one that waits in the middle may be given to another meanwhile."""

    def __init__(self) -> None:
        self._at: tuple[Heard, Work] | None = None

    def take(self, heard: Heard, work: Work) -> None:
        """This one."""
        self._at = heard, work

    def let_go(self) -> None:
        """None any more."""
        self._at = None

    def give_up(self, partitions: Collection[Partition]) -> None:
        """These partitions are about to be given anew."""
        if self._at and place_of(self._at[0].message)[:2] in partitions:
            self._at[1].give_up()
