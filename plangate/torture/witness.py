"""The outside witness: `python -m plangate.torture.witness FILE SEED`.

A process of its own on a loopback socket. Every call of an effect is a line in an append-only file before it
is answered. The seed tells which effects fail, hang or are answered late, the first time they are called.
It prints its port.
"""

import asyncio
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from plangate.torture.chance import chance
from plangate.torture.lines import append
from plangate.worker.parent import end_with_parent

FAILS, HANGS, LATE = 0.02, 0.004, 0.05  # shares of the effects
HANG_S = 12.0  # beyond the laboratory's time limit of a run
LATE_S = 1.0


class Witness:
    """Sees calls, remembers what happened, and answers."""

    def __init__(self, file: Path, seed: int) -> None:
        self._file = file
        self._seed = seed
        self._calls: Counter[str] = Counter()
        self._happened: set[str] = set()

    async def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A call, or the question whether something happened."""
        if asked["do"] == "ask":
            return {"happened": asked["key"] in self._happened}
        manner, wait_s = self._manner(asked)
        self._write(asked, manner)
        await asyncio.sleep(wait_s)
        return {"ok": manner != "fails"}

    def _manner(self, call: dict[str, Any]) -> tuple[str, float]:
        dice = chance(self._seed, "witness", call["label"])
        throw, wait = dice.random(), dice.random()
        if self._calls[call["key"]]:
            return "obeys", 0.0
        if throw < FAILS:
            return "fails", 0.0
        if throw < FAILS + HANGS:
            return "hangs", HANG_S
        return ("late", LATE_S * wait) if throw < FAILS + HANGS + LATE else ("obeys", 0.0)

    def _write(self, call: dict[str, Any], manner: str) -> None:
        self._calls[call["key"]] += 1
        if manner != "fails":
            self._happened.add(call["key"])
        append(self._file, {**call, "at": time.time(), "manner": manner})


async def _serve(witness: Witness) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                answer = await witness.answer(msgspec.json.decode(line))
                writer.write(msgspec.json.encode(answer) + b"\n")
                await writer.drain()
        except ConnectionError:
            pass  # the caller was killed
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how the laboratory learns the port
    await server.serve_forever()


if __name__ == "__main__":
    end_with_parent()
    asyncio.run(_serve(Witness(Path(sys.argv[1]), int(sys.argv[2]))))
