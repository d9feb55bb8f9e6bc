"""What nodes' threads note is neither lost nor written twice."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from gate_store.engine.port import Act, Refusal, Result
from stream_apps.resumer.commits import Commits
from stream_apps.resumer.run_state import RunState

THREADS, EACH = 4, 500


class Written:
    """A store that takes everything, and takes its time to read what it was given."""

    def __init__(self) -> None:
        self.results: list[UUID] = []

    async def flush(self, acts: Sequence[Act]) -> list[Refusal | None]:
        self.results += [result.effect_id for act in acts for result in act.results]
        return [None] * len(acts)


class Claimed:
    """As much of a claimed run as its state looks at."""

    thread_id, token, head = "t1", 1, None


async def test_results_noted_in_threads_are_written_once_each() -> None:
    store = Written()
    commits = Commits(store)  # type: ignore[arg-type] # only flush is called
    commits.start()
    claimed: Any = Claimed()
    run = RunState(claimed, commits)

    def note(thread: int) -> None:
        for number in range(EACH):
            run.note(Result(UUID(int=thread * EACH + number), "SUCCEEDED", "", None))

    with ThreadPoolExecutor(THREADS) as threads:
        noting = [asyncio.get_running_loop().run_in_executor(threads, note, n) for n in range(THREADS)]
        while not all(done.done() for done in noting):
            await run.barrier()
    await run.barrier()
    await commits.close(1)
    assert sorted(store.results) == [UUID(int=n) for n in range(THREADS * EACH)]


async def test_what_is_noted_while_an_act_is_made_up_is_in_the_next(monkeypatch: Any) -> None:
    """The very moment: a result comes between the reading of those that wait and their removal."""
    store = Written()
    commits = Commits(store)  # type: ignore[arg-type] # only flush is called
    commits.start()
    claimed: Any = Claimed()
    run = RunState(claimed, commits)
    late = Result(UUID(int=2), "SUCCEEDED", "", None)
    run.note(Result(UUID(int=1), "SUCCEEDED", "", None))
    made: list[Act] = []

    def act(**fields: Any) -> Act:
        if not made:
            run.note(late)
        made.append(Act(**{**fields, "results": list(fields["results"])}))
        return made[-1]

    monkeypatch.setattr("stream_apps.resumer.run_state.Act", act)
    await run.barrier()
    await run.barrier()
    await commits.close(1)
    assert store.results == [UUID(int=1), UUID(int=2)]
