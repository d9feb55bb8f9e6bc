"""LangGraph alone, in a process of its own: `python -m benchmarks.speed.plain_loops memory|stock …`."""

import asyncio
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import uvloop
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.types import Command
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from benchmarks.speed.graph import plain

AT_ONCE = 32  # as many as one resumer has in hand
_CONNECTIONS = 10
_WARM_UP = 100

Resumes = list[tuple[str, dict[str, Any]]]


async def in_memory(resumes: Resumes) -> float:
    """Resumes a second with InMemorySaver."""
    graph = plain.compile(checkpointer=InMemorySaver())
    answers = []
    for thread, answer in resumes:
        out = await graph.ainvoke({"task": thread}, _at(thread))
        answers.append((thread, {out["__interrupt__"][0].id: next(iter(answer.values()))}))
    return await _resumed(graph, answers)


async def stock(resumes: Resumes, url: str) -> float:
    """Resumes a second with AsyncPostgresSaver as it is: durability exit, ten connections."""
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(url, min_size=_CONNECTIONS, max_size=_CONNECTIONS, kwargs=options) as pool:
        graph = plain.compile(checkpointer=AsyncPostgresSaver(pool))  # type: ignore[arg-type] # its pool's row type
        return await _resumed(graph, resumes)


async def _resumed(graph: Any, resumes: Resumes) -> float:
    await _resume(graph, resumes[:_WARM_UP])
    started = time.perf_counter()
    await _resume(graph, resumes[_WARM_UP:])
    return (len(resumes) - _WARM_UP) / (time.perf_counter() - started)


async def _resume(graph: Any, resumes: Resumes) -> None:
    left = iter(resumes)
    await asyncio.gather(*(_some(graph, left) for _ in range(AT_ONCE)))


async def _some(graph: Any, left: Iterable[tuple[str, dict[str, Any]]]) -> None:
    for thread, answer in left:
        out = await graph.ainvoke(Command(resume=answer), _at(thread), durability="exit")
        assert out["done"] > 0, out


def _at(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}}


def main() -> None:
    """Print the rate."""
    kind, file, *url = sys.argv[1:]
    resumes = [(thread, answer) for thread, answer in json.loads(Path(file).read_bytes())]
    print(uvloop.run(in_memory(resumes) if kind == "memory" else stock(resumes, *url)))


if __name__ == "__main__":
    main()
