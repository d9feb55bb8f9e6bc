"""Who may decide on a gate, by the names in its terms. Pure."""

from collections.abc import Collection

from gate_events.names import name_key, same_name


def is_named(who: str, reviewers: Collection[str]) -> bool:
    """Whether the terms name them."""
    return name_key(who) in {name_key(each) for each in reviewers}


def may_decide(who: str, *, proposer: str, agent: str, reviewers: Collection[str]) -> bool:
    """Whether a person of this name may: who is named, or anyone; never the proposer, nor the agent."""
    if same_name(who, proposer) or same_name(who, agent):
        return False
    return not reviewers or is_named(who, reviewers)
