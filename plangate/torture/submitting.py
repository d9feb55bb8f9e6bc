"""The agents: runs are submitted so that there is always work, and never all of it at once."""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

from gate_store.runs import RunBusyError
from plangate.torture import graphs
from plangate.torture.cases import Case
from producers.submitter import Submitter, open_submitter

log = logging.getLogger("plangate.torture")

AT_ONCE = 6
AGAIN_S = 0.5


class Agents:
    """Submits cases while `may_begin(number)` lets them. `plans` are the plan ids that agents were given."""

    def __init__(self, store_url: str, lease_s: float, may_begin: Callable[[int], bool]) -> None:
        self.plans: dict[str, UUID] = {}
        self.submitted = 0
        self._store_url = store_url
        self._lease_s = lease_s
        self._may_begin = may_begin

    async def submit_all(self, cases: list[Case]) -> None:
        """Submit each until it is taken; outages are waited out."""
        waiting = iter(enumerate(cases))
        async with open_submitter(self._store_url, lease_s=self._lease_s) as submitter:

            async def work() -> None:
                for number, case in waiting:
                    while not self._may_begin(number):  # noqa: ASYNC110 - the store tells, and it is polled
                        await asyncio.sleep(0.05)
                    await self._submit(submitter, case)
                    self.submitted += 1

            await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    async def _submit(self, submitter: Submitter, case: Case) -> None:
        static = case.graph == "static"
        while True:
            try:
                submitted = await submitter.submit(
                    getattr(graphs, case.graph),
                    case.input,
                    name=case.graph,
                    thread_id=case.thread_id,
                    plan_from_state=graphs.plan_from_state if static else None,
                )
            except RunBusyError as busy:
                if busy.plan_id is not None:  # an answer to us was lost, and the run went on without it
                    self.plans[case.thread_id] = busy.plan_id
                    return
                await asyncio.sleep(AGAIN_S)
            except Exception as error:  # an outage in any of its shapes: an agent tries again
                log.info("submitting %s again: %s", case.thread_id, error)
                await asyncio.sleep(AGAIN_S)
            else:
                if submitted.plan_id is not None:
                    self.plans[case.thread_id] = submitted.plan_id
                return
