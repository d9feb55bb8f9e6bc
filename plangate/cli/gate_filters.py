"""Which of the gates `plangate pending` lists."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from gate_events.words import Tier, known
from gate_policy.durations import MEND, seconds
from gate_store.pending_gates import Wanted, Which
from plangate.cli.failures import CommandError

Agent = Annotated[str | None, typer.Option(help="Only plans of this agent.")]
Proposer = Annotated[str | None, typer.Option(help="Only plans that this one proposed.")]
TierOption = Annotated[str | None, typer.Option(help="Only plans of this tier: 1, 2, 3 or its word.")]
Age = Annotated[str | None, typer.Option(help="Only what was asked so long ago, or longer: 30m, 8h, 2d.")]
Mine = Annotated[
    bool, typer.Option("--mine", help="Only what the one who looks may decide on, and has not yet.")
]
Expired = Annotated[bool, typer.Option("--expired", help="Instead what expired undecided.")]

_TIERS = {word: tier for tier in known(Tier) for word in (tier.value, str(tier.number))}


def wanted_of(
    now: datetime,
    who: str | None,
    *,
    mine: bool,
    agent: str | None,
    proposer: str | None,
    tier: str | None,
    older: str | None,
    expired: bool,
) -> Wanted:
    """What these options ask for. Raises CommandError."""
    if mine and who is None:
        raise CommandError("--mine is nobody's", "say who looks: --by NAME, or PLANGATE_REVIEWER")
    return Wanted(
        which=Which.EXPIRED if expired else Which.PENDING,
        agent=agent,
        proposer=proposer,
        tier=_tier(tier).value if tier else None,
        decidable_by=who if mine else None,
        before=now - _age(older) if older else None,
    )


def _tier(text: str) -> Tier:
    if tier := _TIERS.get(text.upper()):
        return tier
    raise CommandError(f"no tier is {text!r}", f"--tier is one of {', '.join(_TIERS)}")


def _age(text: str) -> timedelta:
    if count := seconds(text):
        return timedelta(seconds=count)
    raise CommandError(f"--older {text!r} is no duration", MEND)
