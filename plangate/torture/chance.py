"""Choices that the seed repeats, each drawn for what it is about and not by the order of events."""

from random import Random


def chance(seed: int, *about: object) -> Random:
    """The dice for one question: the same seed and the same words give the same throws."""
    return Random("/".join(map(str, (seed, *about))))  # noqa: S311 - a repeatable plan of faults, no secret
