"""Who speaks on the topics of a laboratory: reviewers, an echo, proposers to services, and a liar."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from gate_events.topics import (
    APPROVAL_REQUESTS,
    AUTO_EXECUTE,
    DEAD_LETTERS,
    DECISIONS,
    OUTCOMES,
    PLANS,
    VERDICTS,
    Topic,
)
from gate_policy.catalogue import Catalogue
from plangate.kafka.roles import Role
from plangate.settings import Settings
from plangate.torture.calling import ask
from plangate.torture.ears import Ears, Listener
from plangate.torture.echo import Echo
from plangate.torture.evidence import Said
from plangate.torture.gates import Gates
from plangate.torture.liars.liar import Liar
from plangate.torture.liars.poisoner import Poisoner
from plangate.torture.liars.told import Told
from plangate.torture.liars.undecided import Undecided
from plangate.torture.liars.voices import Voices
from plangate.torture.places import Places
from plangate.torture.reviewing import Reviewers
from plangate.torture.services.customers import Customers
from plangate.wiring import open_producer, schema_ids

ALL = (PLANS, AUTO_EXECUTE, APPROVAL_REQUESTS, DECISIONS, OUTCOMES, VERDICTS, DEAD_LETTERS)


@dataclass(frozen=True)
class Cast:
    """How much is said, and by what."""

    seed: int
    lies: int
    kinds: Collection[str]  # of lies; all where none is named
    service_plans: int
    catalogue: Catalogue
    port: int  # the witness's
    share: Callable[[], float]  # of the runs that are at rest
    poison: int = 0  # doses
    has_transactions: bool = False  # the broker keeps them


@dataclass(frozen=True)
class Parties:
    """Those who speak. `close` ends their listening."""

    reviewers: Reviewers
    customers: Customers
    liar: Liar
    poisoner: Poisoner
    register: Told
    ears: Sequence[Ears]

    @property
    def told(self) -> int:
        """How many lies were told, and doses given."""
        return self.liar.told + self.poisoner.told

    @property
    def awaited(self) -> list[str]:
        """What still has to be said, in words; nothing where all lies are told and all plans ended."""
        counts = {
            "plans of services": self.customers.open,
            "lies": self.liar.to_tell,
            "doses of poison": self.poisoner.to_tell,
            "questions without a gate": self.reviewers.open,
        }
        return [f"{count} {what}" for what, count in counts.items() if count]

    def close(self) -> None:
        """Listen no more."""
        for ears in self.ears:
            ears.close()

    def said(self, threads: Sequence[str], submitted: Mapping[str, UUID]) -> Said:
        """What they know that they said."""
        return Said(threads, submitted, self.reviewers.sent, self.customers.sent, self.register)


@contextmanager
def parties(
    settings: Settings, by_role: Mapping[Role, Settings], store: Engine, places: Places, cast: Cast
) -> Iterator[Parties]:
    """Everyone, listening, each with the login of their role; the liar with those that he stole."""
    with ExitStack() as open_:
        producer = open_.enter_context(open_producer(settings, "plangate-torture"))
        reviewing, proposing = (
            open_.enter_context(open_producer(by_role[role], f"plangate-torture-{role}"))
            for role in (Role.REVIEWER, Role.AGENT)
        )
        lying, poisoning = (
            Voices(name, by_role, transactions=cast.has_transactions) for name in ("liar", "poisoner")
        )
        told, undecided = Told(places.lies), Undecided()
        reviewers = Reviewers(
            cast.seed,
            cast.catalogue,
            reviewing,
            lambda key: bool(ask({"do": "ask", "key": key}, cast.port)["happened"]),
            Gates(store),
            told.is_lie,
            undecided,
        )
        customers = Customers(cast.seed, cast.service_plans, proposing, told, cast.share)
        liar = Liar(cast.seed, cast.lies, lying, told, cast.share, cast.kinds, undecided)
        honest = (reviewers, customers, Echo(cast.seed, producer, told.is_lie))
        ears = [_ears(settings, ALL, honest)]
        if cast.lies:
            ears.append(_ears(settings, ALL, (liar,)))
        poisoner = Poisoner(cast.seed, cast.poison, poisoning, told, cast.share)
        if cast.poison:
            ears.append(_ears(settings, ALL, (poisoner,)))
        given = Parties(reviewers, customers, liar, poisoner, told, ears)
        open_.callback(given.close)
        yield given


def _ears(settings: Settings, topics: Sequence[Topic], listeners: Sequence[Listener]) -> Ears:
    ids = schema_ids(settings)
    return Ears(settings, [each.name for each in topics], listeners, ids.schema_of if ids else None)
