"""What the agent keeps in its state: plain JSON, stored while the run waits for a human."""

from typing import Any, TypedDict


class State(TypedDict, total=False):
    """The orders to refund, and what became of them."""

    orders: list[str]
    plan: dict[str, Any]
    verdict: dict[str, Any]
