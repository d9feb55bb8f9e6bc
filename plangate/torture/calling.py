"""The effects of the laboratory's graphs: calls of the witness."""

import asyncio
import os
import socket
from typing import Any
from uuid import UUID

import msgspec

from gate_events import values
from gate_events.digest import step_digest
from plangate import Step, effect, effects
from plangate.torture.fault_points import FaultPoints
from plangate.torture.places import places, witness_port

PATIENCE_S = 30.0
ANY_PLAN = UUID(int=0)
ACTIONS = ("pay", "send", "wire", "hasty", "brief", "tag", "note", "look")


class EffectError(RuntimeError):
    """The witness refused the effect: it did not happen."""


def content(step: values.Step) -> str:
    """What a step does, whatever its plan: the judge compares it with what was approved."""
    return step_digest(ANY_PLAN, step)


@effect(*ACTIONS)
def call(step: Step) -> str:
    """Do the effect, from a plain `def` node."""
    points = FaultPoints(places())
    points.at("effect.before")
    _accept(ask(_call(step)))
    points.at("effect.after")
    return "done"


@effect(*ACTIONS)
async def call_async(step: Step) -> str:
    """Do the effect, from an async node."""
    points = FaultPoints(places())
    points.at("effect.before")
    reader, writer = await asyncio.open_connection("127.0.0.1", witness_port())
    try:
        writer.write(msgspec.json.encode(_call(step)) + b"\n")
        _accept(msgspec.json.decode(await reader.readline() or b"{}"))
    finally:
        writer.close()
    points.at("effect.after")
    return "done"


def ask(question: dict[str, Any], port: int | None = None) -> dict[str, Any]:
    """One question to the witness."""
    with socket.create_connection(("127.0.0.1", port or witness_port()), timeout=PATIENCE_S) as line:
        line.sendall(msgspec.json.encode(question) + b"\n")
        answer: dict[str, Any] = msgspec.json.decode(line.makefile("rb").readline() or b"{}")
    return answer


def happened(step: values.Step) -> bool:
    """The probe of actions that have one. The key is the one of the run that is being resumed."""
    return bool(ask({"do": "ask", "key": effects().key(step)})["happened"])


def _call(step: Step) -> dict[str, Any]:
    return {
        "do": "call",
        "key": effects().key(step),
        "label": step.arguments["label"],
        "step": step.step_id,
        "action": step.action_type,
        "content": content(step.to_value()),
        "pid": os.getpid(),
    }


def _accept(answer: dict[str, Any]) -> None:
    if not answer.get("ok"):
        raise EffectError("the witness refused the effect: it did not happen")
