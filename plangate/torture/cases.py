"""The runs of a laboratory: which graph, which plans."""

from dataclasses import dataclass
from random import Random
from typing import Any

from plangate.torture.chance import chance

GATES = {"in_a_row": 3}
GRAPHS = ("one_gate", "blocking", "in_a_row", "nodes_after", "nested", "loop", "static", "stubborn")
KINDS = {"held": 0.76, "hasty": 0.02, "brief": 0.02, "reviewed after": 0.08, "unasked": 0.12}
ACTIONS = {
    "held": ("pay", "send", "wire"),
    "hasty": ("hasty",),
    "brief": ("brief",),
    "reviewed after": ("tag",),
    "unasked": ("note", "look"),
}


@dataclass(frozen=True)
class Case:
    """One run to be: its thread, its graph and that graph's input."""

    thread_id: str
    graph: str
    input: dict[str, Any]


def case(seed: int, number: int) -> Case:
    """The run of that number; the same for the same seed."""
    dice = chance(seed, "case", number)
    graph = dice.choice(GRAPHS)
    plans = [_steps(dice, f"{number}/{gate}") for gate in range(GATES.get(graph, 1))]
    return Case(f"torture-{seed}-{number}", graph, {"plans": plans})


def _steps(dice: Random, label: str) -> list[dict[str, Any]]:
    (kind,) = dice.choices(list(KINDS), list(KINDS.values()))
    return [
        {
            "action_type": dice.choice(ACTIONS[kind]),
            "arguments": {"label": f"{label}/{number}", "amount": dice.randint(1, 1000)},
        }
        for number in range(dice.randint(1, 4))
    ]
