"""What became of all that was sent: served, dead, aborted, or lost."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from benchmarks.poison.kinds import Sending, Transaction
from benchmarks.poison.sending import HEADER, Sent
from gate_store.database import open_store
from gate_store.tables import plan_outcomes
from plangate.kafka.letters import letters
from plangate.settings import Settings

_PLACE = ("topic", "partition", "offset")
_BATCH = re.compile(r"cannot be unpacked: (\w+), ")  # such a letter has no headers of its record


@dataclass(frozen=True)
class Sums:
    """By kind. What the brokers took is served, dead or aborted, or else it is missing or there twice."""

    sent: Counter[str]
    refused: Counter[str]
    aborted: Counter[str]
    served: Counter[str]
    dead: Counter[str]

    @property
    def missing(self) -> dict[str, int]:
        """By how many each kind does not add up."""
        left = {
            kind: self.sent[kind] - self.served[kind] - self.dead[kind] - self.aborted[kind]
            for kind in {*self.sent, *self.dead, *self.served}
        }
        return {kind: count for kind, count in sorted(left.items()) if count}

    def whole(self) -> dict[str, Any]:
        """The sums over all kinds, and each kind's own."""
        names = ("sent", "served", "dead", "aborted", "refused")
        by_kind = {
            kind: {name: getattr(self, name)[kind] for name in names if getattr(self, name)[kind]}
            for kind in sorted({*self.sent, *self.refused})
        }
        return {
            **{name: getattr(self, name).total() for name in names},
            "missing": self.missing,
            "kinds": by_kind,
        }


def sums(settings: Settings, everything: Sequence[Sending | Transaction], sent: Sent) -> Sums:
    """As it stands now."""
    return Sums(sent.taken, sent.refused, sent.aborted, _served(settings, everything), _dead(settings))


def _served(settings: Settings, everything: Sequence[Sending | Transaction]) -> Counter[str]:
    kinds = {
        each.plan_id: each.kind
        for one in everything
        for each in (one.sendings if isinstance(one, Transaction) else [one])
        if each.plan_id
    }
    store = open_store(settings.store_url, pool_size=1)
    with store.connect() as conn:
        done = conn.execute(
            select(plan_outcomes.c.plan_id).where(plan_outcomes.c.status == "DONE").distinct()
        ).scalars()
        found = [UUID(str(plan_id)) for plan_id in done]
    store.dispose()
    return Counter(kinds.get(plan_id, "nobody's") for plan_id in found)


def _dead(settings: Settings) -> Counter[str]:
    """Distinct dead records: whoever reads a topic buries what it cannot take, and perhaps twice."""
    kinds: dict[tuple[str, ...], set[str]] = defaultdict(set)
    found: Counter[str] = Counter()
    for letter in letters(settings):
        own = dict(letter.own)
        kind = (own.get(HEADER) or b"").decode()
        if not letter.said:
            found[kind] += 1  # no app wrote it
        elif batch := _BATCH.search(letter.said.get("error", "")):
            kinds[_place(letter.said)].add(f"bomb_{batch[1]}")
        else:
            kinds[_place(letter.said)].add(kind)
    found.update(min(each) for each in kinds.values())
    return found


def _place(said: dict[str, str]) -> tuple[str, ...]:
    return tuple(said.get(part, "") for part in _PLACE)
