"""Comparing tiers and timings quickly."""

from gate_events.words import Level, Tier, Timing

RANK = {tier: tier.rank for tier in Tier}
_WAIT = {None: 0, Timing.AFTER: 1, Timing.BEFORE: 2, Timing.UNKNOWN: 2}


def higher(one: Tier, other: Tier) -> Tier:
    """The stricter of two tiers."""
    return one if one is other or RANK[one] >= RANK[other] else other.counts_as


def stricter(one: Timing | None, other: Timing | None) -> Timing | None:
    """The stricter of two review timings; None is no review, and one that nobody knows is the strictest."""
    found = one if _WAIT[one] >= _WAIT[other] else other
    return Timing.BEFORE if found is Timing.UNKNOWN else found


def timing_of(tier: Tier, high_stakes: bool) -> Timing | None:
    """When a step of this tier is reviewed in `tiered` mode."""
    if high_stakes or tier.counts_as is Tier.IRREVERSIBLE:
        return Timing.BEFORE
    return Timing.AFTER if tier is Tier.PARTIALLY_REVERSIBLE else None


def level_of(timing: Timing | None) -> Level:
    """The level that a timing amounts to."""
    if timing is Timing.BEFORE:
        return Level.L0
    return Level.L1 if timing is Timing.AFTER else Level.L3
