"""The agent's side of the demo: submit the night's tasks, a few at a time."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from uuid import UUID

from sqlalchemy import Engine, select

from gate_store.tables import runs
from plangate.demo.graph import graph
from plangate.demo.story import Task
from producers.submitter import open_submitter

AT_ONCE = 8


async def submit_all(store_url: str, tasks: Sequence[Task], done: Callable[[int], None]) -> list[UUID]:
    """Run each task until its gate, telling how many are there; the ids of their plans."""
    compiled = graph.compile()
    slots, there = asyncio.Semaphore(AT_ONCE), count(1)
    async with open_submitter(store_url) as submitter:

        async def one(task: Task) -> UUID | None:
            async with slots:
                submitted = await submitter.submit(
                    compiled, {"task": task.as_dict()}, name="billing", thread_id=task.thread_id
                )
            done(next(there))
            return submitted.plan_id

        found = await asyncio.gather(*(one(task) for task in tasks))
    return [plan_id for plan_id in found if plan_id is not None]


def new_tasks(store: Engine, tasks: Sequence[Task]) -> list[Task]:
    """Those that no earlier demo on this store has begun."""
    with store.connect() as conn:
        known = set(conn.execute(select(runs.c.thread_id)).scalars())
    return [task for task in tasks if task.thread_id not in known]
