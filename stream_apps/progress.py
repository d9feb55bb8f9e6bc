"""Whether an app moves, and whether it shall end."""

import time


class Progress:
    """When something last moved; waiting for infrastructure that answers an attempt counts as moving."""

    def __init__(self) -> None:
        self.last_moved = time.monotonic()
        self.stopping = False  # outages are then not waited for any more

    def moved(self) -> None:
        """Something was finished, or tried and answered."""
        self.last_moved = time.monotonic()
