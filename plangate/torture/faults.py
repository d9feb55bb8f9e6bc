"""The seeded plan of faults: what is done, to whom, and how far the runs have come by then."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from plangate.torture.chance import chance
from plangate.torture.fault_points import IN_APPS, IN_RESUMERS, IN_SERVICES

RESUMER, APPS, SUPERVISOR, TREE, SERVICE = "resumer", "apps", "supervisor", "tree", "service"
KILLED = {RESUMER: 0.72, APPS: 0.14, SUPERVISOR: 0.07, TREE: 0.07}
OF_SERVICES = 0.16  # of kills and pauses, where there are any
POINTS = {RESUMER: IN_RESUMERS, APPS: IN_APPS, SERVICE: IN_SERVICES}
AT_A_POINT = 0.5  # of kills; the others come at random moments
# Where a resumer that is stopped has the most in hand; "" is any moment.
ZOMBIE = ("claim.after", "claim.after", "flush.before", "flush.before", "effect.before", "effect.after", "")


@dataclass(frozen=True)
class Fault:
    """`kind` is kill, pause, restart, cut or jump; `share` (0 to 1) tells which of several, or how much."""

    at: float  # the share of all runs that is finished by then
    kind: str
    whom: str
    point: str
    share: float


@dataclass(frozen=True)
class Occasion:
    """What else is done when that share of all runs is finished; `do` gets the Inflictor."""

    at: float
    do: Callable[[Any], None]


@dataclass(frozen=True)
class Reach:
    """What the laboratory may touch beside its own workers."""

    kafka: bool
    database: bool  # may be restarted
    connections: bool  # may be cut
    services: bool = False  # take part


def plan_faults(seed: int, kills: int, pauses: int, reach: Reach) -> list[Fault]:
    """The faults in their order."""
    dice = chance(seed, "faults")
    found = [*_kills(dice, kills, reach), *_pauses(dice, pauses, reach)]
    found += [_fault(dice, "restart", "worker") for _ in range(-(-kills // 10))]
    found += [_fault(dice, "jump", "clock") for _ in range(kills // 10)]
    if reach.kafka:
        found += [_fault(dice, "restart", "kafka") for _ in range(-(-kills // 40))]
    if reach.database:
        found += [_fault(dice, "restart", "database") for _ in range(-(-kills // 40))]
    if reach.connections:
        found += [_fault(dice, "cut", "connections") for _ in range(-(-kills // 6))]
    return sorted(found, key=lambda fault: fault.at)


def _kills(dice: Random, count: int, reach: Reach) -> Iterator[Fault]:
    killed = {**KILLED, SERVICE: OF_SERVICES} if reach.services else KILLED
    for _ in range(count):
        (whom,) = dice.choices(list(killed), list(killed.values()))
        yield _fault(dice, "kill", whom, _point(dice, whom))


def _pauses(dice: Random, count: int, reach: Reach) -> Iterator[Fault]:
    for _ in range(count):
        throw = dice.random()
        whom = APPS if throw < 0.15 else RESUMER
        if reach.services and throw > 1 - OF_SERVICES:
            whom = SERVICE
        yield _fault(dice, "pause", whom, dice.choice(ZOMBIE) if whom == RESUMER else _point(dice, whom))


def _point(dice: Random, whom: str) -> str:
    point = dice.choice(POINTS.get(whom, ("",)))
    return point if dice.random() < AT_A_POINT else ""


def _fault(dice: Random, kind: str, whom: str, point: str = "") -> Fault:
    return Fault(0.01 + 0.94 * dice.random(), kind, whom, point, dice.random())
