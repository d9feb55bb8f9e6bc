"""How a plan that takes another back stands, in words."""

from gate_store import undo_plans


def in_state(plan: undo_plans.View) -> str:
    """How an undo plan stands, in words."""
    words = {
        undo_plans.NOT_TAKEN: "is on its way, and no router or gatekeeper has taken it yet",
        undo_plans.ASKED: f"waits for a human at gate {plan['open_gate']}",
        undo_plans.CLEARED: "is cleared, and nobody has begun to execute it",
        undo_plans.BEGUN: "is being executed",
        undo_plans.IN_DOUBT: "has a step of which nobody knows whether it happened",
        "APPROVED": "is approved, and nobody has begun to execute it",
    }
    return words.get(plan["state"], f"is {plan['state']}")
