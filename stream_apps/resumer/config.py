"""What a resumer is told from outside; nothing in it is read from the environment."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from langgraph.checkpoint.serde.base import SerializerProtocol
from opentelemetry.trace import Tracer

from gate_events.records import ApprovalRequested
from gate_events.tracing import process_tracer
from gate_events.values import Step
from gate_store.database import Clock, utc_now
from gate_store.engine.open import open_engine_store
from gate_store.engine.port import ClaimedRun, EngineStore, Publish, Served
from gate_store.stop_file import StopFile
from gate_store.unguarded import CutOff
from stream_apps.metrics import UNKNOWN
from stream_apps.resumer.earlier import Earlier
from stream_apps.resumer.graphs import Loaded


def _no_window(_step: Step) -> str | None:
    return None


async def _nothing_unmet(_run: ClaimedRun, _now: datetime) -> None:
    return None


async def _nothing_earlier(_run: ClaimedRun) -> None:
    return None


async def _not_noted(_run: ClaimedRun, _events: Sequence[str]) -> None:
    return None


async def _never_again(_run: ClaimedRun, _step: Step) -> bool:
    return False


@dataclass(frozen=True)
class ActionTraits:
    """What the catalogue says about repeating an action, how its window remembers it, and what is secret."""

    idempotent: bool = False
    window_key: Callable[[Step], str | None] = _no_window
    secret: frozenset[str] = frozenset()  # names of arguments, at any depth
    action_type: str = UNKNOWN  # as metrics call it


AskAgain = Callable[[ClaimedRun, datetime], Awaitable[ApprovalRequested]]
Unmet = Callable[[ClaimedRun, datetime], Awaitable[ApprovalRequested | None]]
EarlierOf = Callable[[ClaimedRun], Awaitable[Earlier | None]]
BegunAgain = Callable[[ClaimedRun, Step], Awaitable[bool]]
AskInDoubt = Callable[[ClaimedRun, Step, str, datetime], Awaitable[ApprovalRequested]]
NoteEvents = Callable[[ClaimedRun, Sequence[str]], Awaitable[None]]
DoubtPlan = Callable[[CutOff, datetime], Awaitable[None]]
ExecutesUndo = Callable[[str, Mapping[str, Loaded], asyncio.Event], Awaitable[None]]
Serves = Callable[[str, Mapping[str, str], Mapping[str, Sequence[str]]], None]
OpenStore = Callable[[str, SerializerProtocol, Served], EngineStore]


@dataclass(frozen=True)
class ResumerConfig:
    """Times are in seconds.

    `worker` names the process; each start adds a random part, since two of one name are two. `instance` names
    the place where it runs, which no other living process has: a new start there proves that those before it
    have ended. Empty: there is no such place.
    `traits(action_type)` is the catalogue's word; an unknown action must not be idempotent.
    `ask_again(run, now)` gives the request for a plan whose use-by has passed (attempt + 1).
    `unmet(run, now)` gives the question that the catalogue in force demands before the run begins, or None.
    `earlier(run)` tells what was begun of the plan of a run whose answer lets nothing run, or None.
    `begun_again(run, step)` tells whether people agreed that a step which had failed is begun once more.
    `ask_in_doubt(run, step, known, now)` gives the request for an effect whose result is unknown.
    `doubt_plan(cut, now)` asks about all steps of a plan whose graph acts without the ledger and was cut off,
    and ends its run IN_DOUBT, in one act.
    A run whose graph, or version of a graph, this worker does not have is left to workers that have it; after
    `stale_after_s` it is ended STALE.
    Steps in doubt that have a probe are probed again every `probe_again_s`.
    A run that failed is tried `attempts` times; one whose workers died is given up after `claims`.
    A process whose event loop stands still for a whole lease, or that takes more than `memory_mb` (0: any),
    ends itself.
    `forbids_unguarded`: it starts only where langgraph.json names `effects` for each graph.
    `serves(worker, versions, undoes)` is told, before it claims anything, under which name it resumes which
    graphs, and for which action types each has a function that executes steps of undo plans.
    `executes_undo(worker, graphs, stop)` executes undo plans with the functions of these graphs until `stop`.
    `note_events(run, events)` writes down what the run's nodes say, JSON texts, for whoever follows it.
    `stop_file` says what is stopped on this host alone, beside what the store says.
    `publish(rows)` delivers outbox rows and returns the ids that Kafka has; None: another process relays.
    `tracer` makes the spans of runs and their effects; by default the process's own, which graphs use, too.
    """

    store_url: str = field(repr=False)  # it may hold a password
    graphs_file: Path
    worker: str
    traits: Callable[[str], ActionTraits]
    ask_again: AskAgain
    ask_in_doubt: AskInDoubt
    doubt_plan: DoubtPlan
    unmet: Unmet = _nothing_unmet
    earlier: EarlierOf = _nothing_earlier
    begun_again: BegunAgain = _never_again
    note_events: NoteEvents = _not_noted
    publish: Publish | None = None
    in_flight: int = 32
    chunk: int = 8
    forbids_unguarded: bool = False
    lease_s: float = 30.0
    attempts: int = 3
    claims: int = 10
    backoff_s: float = 1.0
    stale_after_s: float = 300.0
    run_timeout_s: float = 900.0
    probe_again_s: float = 60.0
    poll_s: float = 1.0
    drain_s: float = 20.0
    threads: int = 64
    memory_mb: int = 0
    instance: str = ""
    clock: Clock = utc_now
    tracer: Tracer = field(default_factory=process_tracer)
    open_store: OpenStore = open_engine_store
    serves: Serves = lambda _worker, _versions, _undoes: None
    executes_undo: ExecutesUndo | None = None
    stop_file: StopFile = field(default_factory=lambda: StopFile(None))
