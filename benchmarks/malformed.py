"""Records that no worker can take, each in its own way; seeded, so that a run can be repeated."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from gate_events.codec import encode, to_json
from gate_events.records import IncidentReported
from gate_store.database import utc_now

TOO_MUCH = 5 * 1024 * 1024  # bytes; more than a topic takes by default

ABSURD: dict[str, list[Any]] = {
    "event_id": ["me", 7, None],
    "plan_id": ["../../etc/passwd", -1, ""],
    "revision": [0, -5, 10**30, "first"],
    "digest": ["sha256", "", "g" * 64],
    "request_id": ["the one from yesterday", []],
    "kind": ["MAYBE", 3],
    "tier": ["HARMLESS", 0],
    "status": ["PERHAPS", {}],
    "proposed_at": ["32 May", -1],
    "cleared_at": ["", {}],
    "requested_at": ["later", []],
    "decided_at": ["soon", True],
    "executed_at": ["never", "0000-00-00"],
    "steps": [{}, [{"step_id": ""}], [1, 2], "all", [[]]],
    "results": [{}, "good", [{"step_id": 1}]],
}


def malformed(good: Any, count: int, chance: random.Random) -> Iterator[bytes]:
    """`count` values for the topic of `good`: random bytes, another schema, absurd values, 5 MB."""
    large = count // 50
    makers: list[Callable[[], bytes]] = [
        lambda: _noise(chance),
        lambda: _another_schema(chance),
        lambda: _absurd(good, chance),
    ]
    for number in range(count):
        yield _huge(good, number) if number < large else makers[number % len(makers)]()


def _noise(chance: random.Random) -> bytes:
    return bytes([chance.randrange(2, 255)]) + chance.randbytes(chance.randrange(0, 400))


def _another_schema(chance: random.Random) -> bytes:
    return encode(
        IncidentReported(
            event_id=UUID(int=chance.getrandbits(128)),
            plan_id=UUID(int=chance.getrandbits(128)),
            reported_at=utc_now(),
            reported_by="benchmark",
            description="on the wrong topic",
        )
    )


def _absurd(good: Any, chance: random.Random) -> bytes:
    plain = json.loads(to_json(good))
    field = chance.choice([name for name in ABSURD if name in plain])
    return json.dumps({**plain, field: chance.choice(ABSURD[field])}).encode()


def _huge(good: Any, number: int) -> bytes:
    plain = json.loads(to_json(good))
    plain["steps"] = [{"step_id": f"s{number}", "action_type": "x", "arguments": {"a": "a" * TOO_MUCH}}]
    return json.dumps(plain).encode()
