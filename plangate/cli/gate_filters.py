"""Which of the gates `plangate pending` lists."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gate_events.words import Tier, known
from gate_policy.durations import MEND, seconds
from gate_store.pending_gates import Wanted, Which
from plangate.cli.failures import CommandError

_TIERS = {word: tier for tier in known(Tier) for word in (tier.value, str(tier.number))}


@dataclass(frozen=True)
class Filters:
    """What the options say, as it was typed."""

    mine: bool = False
    agent: str | None = None
    proposer: str | None = None
    tier: str | None = None
    older: str | None = None
    expired: bool = False


UNFILTERED = Filters()


def wanted_of(now: datetime, who: str | None, filters: Filters) -> Wanted:
    """What these options ask for. Raises CommandError."""
    if filters.mine and who is None:
        raise CommandError("--mine is nobody's", "say who looks: --by NAME, or PLANGATE_REVIEWER")
    return Wanted(
        which=Which.EXPIRED if filters.expired else Which.PENDING,
        agent=filters.agent,
        proposer=filters.proposer,
        tier=_tier(filters.tier).value if filters.tier else None,
        decidable_by=who if filters.mine else None,
        before=now - _age(filters.older) if filters.older else None,
    )


def _tier(text: str) -> Tier:
    if tier := _TIERS.get(text.upper()):
        return tier
    raise CommandError(f"no tier is {text!r}", f"--tier is one of {', '.join(_TIERS)}")


def _age(text: str) -> timedelta:
    if count := seconds(text):
        return timedelta(seconds=count)
    raise CommandError(f"--older {text!r} is no duration", MEND)
