"""Whether an act, whose commit nobody confirmed, is in the store.

A transaction is all or nothing, so one trace that only this act can have left decides. Where none is left
to see, the answer is no: the act is then flushed again, and the fence refuses it if the run has moved on.
"""

from dataclasses import dataclass
from uuid import UUID

from gate_store.engine.port import Act, CheckpointPut, PackedPut


@dataclass(frozen=True, slots=True)
class Seen:
    """What the store shows of the things that an act names."""

    token: int
    status: str
    head_id: str | None
    checkpoints: frozenset[str]  # those of the act's that are there
    effects: dict[UUID, tuple[int, str]]  # token and state
    outbox: frozenset[UUID]


def checkpoint_ids(act: Act) -> list[str]:
    """Ids of the checkpoints that the act puts; they are unique to it."""
    found = []
    for put in act.puts:
        if isinstance(put, CheckpointPut):
            found.append(str(put.checkpoint["id"]))
        elif isinstance(put, PackedPut) and put.checkpoint_id:
            found.append(put.checkpoint_id)
    return found


def effect_ids(act: Act) -> list[UUID]:
    """Ids of the effects that the act touches."""
    return [*(intent.effect_id for intent in act.intents), *(result.effect_id for result in act.results)]


def was_committed(act: Act, seen: Seen) -> bool:
    """The verdict from what is seen."""
    if any(name in seen.checkpoints for name in checkpoint_ids(act)):
        return True
    if act.new_head is not None and seen.head_id == act.new_head:
        return True
    if any(seen.effects.get(i.effect_id) == (act.token, "CLAIMED") for i in act.intents):
        return True
    if any(seen.effects.get(r.effect_id) == (act.token, r.state) for r in act.results):
        return True
    if any(row.event_id in seen.outbox for row in act.outbox):
        return True
    return act.end is not None and seen.token == act.token and seen.status != "RUNNING"
