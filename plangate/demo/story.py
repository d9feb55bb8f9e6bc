"""The customers and what they write. Everything follows from a customer's number: no chance, no model."""

from dataclasses import asdict, dataclass
from typing import Any

INQUIRIES = 200


@dataclass(frozen=True)
class Customer:
    """One customer with one open invoice on the evening before."""

    number: int

    @property
    def name(self) -> str:
        """customer-007."""
        return f"customer-{self.number:03d}"

    @property
    def email(self) -> str:
        """Where notices go."""
        return f"{self.name}@example.com"

    @property
    def invoice(self) -> str:
        """The open invoice."""
        return f"INV-{2000 + self.number}"

    @property
    def amount(self) -> str:
        """What is owed, in euros; text, since money is no float."""
        return f"{40 + self.number * 7 % 160}.00"

    @property
    def notified(self) -> bool:
        """Whether the evening's notice could be sent: the others' addresses came in later."""
        return self.number % 17 != 0

    @property
    def paid_overnight(self) -> bool:
        """104 of 200 pay while the agent works."""
        return self.number % 25 < 13

    @property
    def is_unsure(self) -> bool:
        """Whether the customer does not know whether a notice came: the edge case."""
        return self.number % 10 == 9

    @property
    def inquiry(self) -> str:
        """What the customer writes."""
        if self.number % 20 == 7:
            return "Could I pay two weeks later?"
        if self.is_unsure:
            return "I am not sure whether I was told about this invoice. Is it still open?"
        return "How much do I owe you?"


@dataclass(frozen=True)
class Task:
    """What the agent is asked to plan; it travels in the graph's state as plain JSON."""

    kind: str  # notices, inquiry, renotify
    customers: tuple[int, ...]

    @property
    def thread_id(self) -> str:
        """The same task is the same thread: a second run of the demo finds it done."""
        return f"demo-{self.kind}" if len(self.customers) > 1 else f"demo-{self.kind}-{self.customers[0]:03d}"

    def as_dict(self) -> dict[str, Any]:
        """For the graph's state."""
        return asdict(self)


def customers() -> list[Customer]:
    """All of them."""
    return [Customer(number) for number in range(1, INQUIRIES + 1)]


def evening() -> Task:
    """The evening's notices, to everyone with an address."""
    return Task("notices", tuple(c.number for c in customers() if c.notified))


def night() -> list[Task]:
    """One task for each inquiry."""
    return [Task("inquiry", (customer.number,)) for customer in customers()]


def edge_case() -> Task:
    """The branch nobody thought of: tell everyone again, to be on the safe side."""
    return Task("renotify", tuple(c.number for c in customers()))
