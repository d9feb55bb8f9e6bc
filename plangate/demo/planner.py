"""What the agent plans for a task: by rule, or by a language model that picks the branch of an inquiry.

PLANGATE_DEMO_MODEL names a model as LangChain does ("provider:model"); its packages are yours to install.
"""

import os
from collections.abc import Callable
from typing import Any

from plangate import Step
from plangate.demo.story import Customer

Branch = str
ANSWER, EXTEND, EDGE = BRANCHES = ("answer", "extend", "edge")

PROMPT = (
    "A customer writes about an invoice. Reply with one word: 'extend' if they want to pay later, "
    "'edge' if they are unsure whether they were notified, else 'answer'.\n\n{inquiry}"
)


class PlannerError(RuntimeError):
    """The demo's model cannot be used: {problem}; {mend}."""


def branch_by_rule(inquiry: str) -> Branch:
    """The deterministic planner."""
    if "later" in inquiry:
        return EXTEND
    return EDGE if "not sure" in inquiry else ANSWER


def branch_chooser() -> Callable[[str], Branch]:
    """The planner in force. Raises PlannerError where the named model cannot be loaded."""
    name = os.environ.get("PLANGATE_DEMO_MODEL")
    return branch_by(_chat_model(name)) if name else branch_by_rule


def branch_by(model: Any) -> Callable[[str], Branch]:
    """Ask a chat model; an answer that is no branch counts as `answer`, the harmless one."""

    def choose(inquiry: str) -> Branch:
        said = str(model.invoke(PROMPT.format(inquiry=inquiry)).content).strip().strip("'\".").lower()
        return said if said in BRANCHES else ANSWER

    return choose


def _chat_model(name: str) -> Any:
    try:
        from langchain.chat_models import (  # type: ignore[import-not-found] # noqa: PLC0415 - the user's
            init_chat_model,
        )
    except ImportError as error:
        raise PlannerError(
            "the demo's model cannot be used: langchain is not installed; "
            "install langchain and the provider's package, or unset PLANGATE_DEMO_MODEL"
        ) from error
    return init_chat_model(name)


def steps_for_inquiry(customer: Customer, branch: Branch) -> list[Step]:
    """Look the invoice up, then do what the branch says."""
    look = _step("look_up_invoice", customer, invoice=customer.invoice)
    if branch == EXTEND:
        return [look, _step("tag_account", customer, tag="pays two weeks later")]
    note = "asked whether the invoice is open" if branch == EDGE else "asked for the balance"
    return [look, _step("add_note", customer, note=note)]


def notice(customer: Customer, *, paid: bool) -> Step:
    """One "your invoice is overdue"."""
    return _step(
        "send_overdue_notice",
        customer,
        to=customer.email,
        subject="Your invoice is overdue",
        body=f"Invoice {customer.invoice} over {customer.amount} EUR is overdue.",
        invoice=customer.invoice,
        invoice_status="paid" if paid else "open",
    )


def _step(action: str, customer: Customer, **arguments: Any) -> Step:
    return Step(action, {"customer": customer.name, **arguments})
