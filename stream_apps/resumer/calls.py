"""The calls of this process that have not returned, whatever became of the runs that made them.

Nobody can stop a plain function in its thread. So its effect may still happen long after its run was given
up, and nothing here may begin the step again meanwhile.
"""

import asyncio
import threading
from collections import Counter
from uuid import UUID

LOOK_S = 0.02


class CallsOut:
    """Calls under way by effect id. Safe from any thread and from any event loop of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._out: Counter[UUID] = Counter()

    def began(self, effect_id: UUID) -> None:
        """A function is about to be called for this effect."""
        with self._lock:
            self._out[effect_id] += 1

    def returned(self, effect_id: UUID) -> None:
        """It returned or raised, and its result was noted."""
        with self._lock:
            self._out[effect_id] -= 1
            if not self._out[effect_id]:
                del self._out[effect_id]

    def is_out(self, effect_id: UUID) -> bool:
        """Whether a call for this effect has not returned."""
        with self._lock:
            return effect_id in self._out

    def any(self) -> bool:
        """Whether any call has not returned."""
        with self._lock:
            return bool(self._out)

    async def back(self, effect_id: UUID, within_s: float) -> bool:
        """Wait until no call for this effect is out; False: after `within_s` one still is."""
        until = asyncio.get_running_loop().time() + within_s
        while self.is_out(effect_id):
            if asyncio.get_running_loop().time() >= until:
                return False
            await asyncio.sleep(LOOK_S)
        return True


calls = CallsOut()  # a process has one, as it has one set of threads
