"""The engine's store port. PostgreSQL and SQLite implement it; one suite proves both.

A *claim* hands out READY runs under a lease with a token one higher, each with its head checkpoint. An *act*
is what a run makes durable at a barrier: its buffered checkpoints together with an effect's intent or result,
or its end. A *flush* commits the acts of many runs in one transaction; a run that lost its lease fails alone.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from gate_events.pause import GateAnswer
from gate_events.values import RunIdentity, Step
from gate_store.claims import BEFORE_RESTORE


@dataclass(frozen=True, slots=True)
class Served:
    """Which runs a worker claims: those that paused in these `versions` of graphs, by the graph's name.

    Others may be served by workers of another version, during a rolling deploy: they are claimed, to be ended
    STALE, when nobody has claimed them for `stale_after_s` seconds.
    """

    versions: Mapping[str, str]
    stale_after_s: float

    def marks(self) -> list[tuple[str, str]]:
        """Graphs, each with what the stored pause of its version has in its text.

        Text, because PostgreSQL's JSON operators fail on a pause that has \\u0000 somewhere.
        """
        return [(graph, version_mark(version)) for graph, version in self.versions.items()]


def version_mark(version: str) -> str:
    """What every pause of a graph in that version has in its JSON: quotes inside of values are escaped."""
    return f'"graph_version":{msgspec.json.encode(version).decode()}'


@dataclass(frozen=True, slots=True)
class EffectRow:
    """An effect as the ledger holds it."""

    step_id: str
    state: str
    attempts: int
    result: Any
    detail: str
    executor: str = ""  # the process that claimed it last
    is_gone: bool = False  # that process is known to have ended

    @property
    def may_be_lost(self) -> bool:
        """Whether it may have happened before the store was restored; the store knows no more than that."""
        return self.state == "CLAIMED" and self.executor == BEFORE_RESTORE


@dataclass(slots=True)
class ClaimedRun:
    """A run under our lease, with all that its resume needs."""

    thread_id: str
    graph: str
    token: int
    attempts: int
    plan_id: UUID
    digest: str | None  # what it may execute; None: nothing
    pause: RunIdentity
    answer: GateAnswer
    use_by: datetime | None
    own_head: str | None  # the newest checkpoint that a resumer wrote, None before the first
    head: Any  # CheckpointTuple at the root namespace, as LangGraph's savers return it; None: gone
    effects: dict[str, EffectRow]  # by step_id, of the answer's own content of the step
    keys: dict[str, UUID]  # idempotency keys of the answer's steps, where the plan has effects
    asked_digest: str | None = None  # of the plan that its interrupt asked about; None: an older pause
    is_gated: bool = False  # a human's verdict cleared what it may execute
    attempt: int = 1  # of the question that cleared it
    begun_until: datetime | None = None  # how long it may go on where it was begun in time
    now: datetime | None = None  # the store's clock at the claim
    alone: bool = False  # its last worker died with it in hand: nothing may run beside it
    traceparent: str | None = None  # W3C trace context of what made it READY


@dataclass(frozen=True, slots=True)
class CheckpointPut:
    """One `aput`."""

    config: dict[str, Any]
    checkpoint: Any
    metadata: Any
    new_versions: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WritesPut:
    """One `aput_writes`."""

    config: dict[str, Any]
    writes: Sequence[tuple[str, Any]]
    task_id: str
    task_path: str


@dataclass(frozen=True, slots=True)
class PackedPut:
    """A put as rows of the store: what a node changes in place afterwards is not in it."""

    thread_id: str
    checkpoint_id: str | None  # None: writes
    rows: Any  # the implementation's own


@dataclass(frozen=True, slots=True)
class Intent:
    """The claim of an effect, durable before it happens. Refused where nothing covers the step."""

    effect_id: UUID
    step: Step
    step_digest: str
    window_key: str | None
    repeat: bool = False  # an idempotent step, begun before, is tried again with the same key


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an effect: SUCCEEDED, FAILED or IN_DOUBT."""

    effect_id: UUID
    state: str
    detail: str
    result: Any
    doubt_id: UUID | None = None  # of one IN_DOUBT: the gate that asks about it


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A record on its way to Kafka."""

    event_id: UUID
    record: str
    key: str
    body: bytes
    contract: str | None = None  # fingerprint of the contract in hex; None: the first one
    traceparent: str | None = None  # W3C trace context of what led to it


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How this claim of the run ends; it releases the lease.

    PAUSED carries the pause, its plan and the digest of what it asks, READY a moment to try again, the others
    a reason or nothing. A plan that is asked about again keeps the digest of what was asked at first.
    """

    status: str
    error: str = ""
    pause: RunIdentity | None = None
    plan_id: UUID | None = None
    asked_digest: str | None = None
    not_before: datetime | None = None


@dataclass(slots=True)
class Act:
    """What one run makes durable at once. `puts` keep the order in which LangGraph made them."""

    thread_id: str
    token: int
    puts: list[CheckpointPut | WritesPut | PackedPut] = field(default_factory=list)
    new_head: str | None = None
    results: list[Result] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    end: RunEnd | None = None
    outbox: list[OutboxRow] = field(default_factory=list)


Publish = Callable[[Sequence[tuple[int, OutboxRow]]], Awaitable[Sequence[int]]]
"""Delivers rows of the outbox and returns the ids that are safe."""


class FenceLostError(Exception):
    """Run {thread_id} belongs to another worker now (token {token} is old)."""

    def __init__(self, thread_id: str, token: int) -> None:
        super().__init__(f"run {thread_id} belongs to another worker now (token {token} is old)")
        self.thread_id = thread_id
        self.token = token


class NotClearedError(Exception):
    """No verdict or clearance covers step {step_id} as the graph gave it."""

    def __init__(self, step_id: str, why: str = "no verdict or clearance covers it") -> None:
        super().__init__(f"step {step_id} was refused: {why}")
        self.step_id = step_id
        self.why = why


class NotNowError(NotClearedError):
    """Step {step_id} may not be done now; asked again later, it may."""


class NotYetClearedError(NotNowError):
    """Nothing clears the plan of step {step_id} yet."""


class UnderWayError(NotNowError):
    """Another is at step {step_id}, or an older revision of its plan goes on: that ends first."""


class StoppedError(NotNowError):
    """Step {step_id} waits for the end of a stop: of its action type, or of `everything`."""

    def __init__(self, step_id: str, why: str, *, everything: bool = False) -> None:
        super().__init__(step_id, why)
        self.everything = everything


class OutdatedError(NotClearedError):
    """The approval of step {step_id} is past its use-by, and nothing of the plan was begun in time."""


class RepeatsError(OutdatedError):
    """Another plan has done what a step of this one does, since that was approved: a human is asked again."""


class OutOfOrderError(NotClearedError):
    """Step {step_id} was to begin before {before}, which stands before it in the plan."""

    def __init__(self, step_id: str, before: str) -> None:
        why = f"step {before} stands before it and has not begun"
        super().__init__(
            step_id,
            f"{why}; do the steps in the order that was approved, or give the plan's steps `after`",
        )


class UnwritableError(Exception):
    """The store cannot take what run {thread_id} wants to write: {why}."""

    def __init__(self, thread_id: str, why: str) -> None:
        super().__init__(f"the store cannot take what run {thread_id} wants to write: {why}")
        self.thread_id = thread_id


class FateUnknownError(Exception):
    """The connection broke while acts were being committed ({cause}); ask `fate` for each before acting."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(
            f"the connection broke while acts were being committed ({cause!r}); "
            "ask `fate` for each before acting"
        )


Refusal = FenceLostError | NotClearedError | UnwritableError


class EngineStore(Protocol):
    """The port. All methods are safe to call from one event loop; none blocks it."""

    async def open(self) -> None:
        """Connect; create nothing."""

    async def close(self) -> None:
        """Give all connections back."""

    async def claim(
        self, worker: str, limit: int, lease_s: float, *, beside: bool = False, held: Sequence[str] = ()
    ) -> list[ClaimedRun]:
        """Take up to `limit` READY runs that are served here and whose `not_before` has come; one commit.

        A run that is to be tried alone comes alone and before all others; never `beside` runs in hand.
        None while everything is stopped, nor one whose plan has a step of a stopped action type. Those in
        `held` are stopped here alone.
        """

    async def any_alone(self) -> bool:
        """Whether a READY run that is served here waits to be tried alone."""

    async def read(self, thread_id: str, checkpoint_ns: str, checkpoint_id: str | None) -> Any:
        """A CheckpointTuple with its pending writes, from a fresh snapshot; id None: the newest there.

        None where there is none. For subgraphs, orphans, and a head that must be looked at again.
        """

    def pack(self, put: CheckpointPut | WritesPut) -> PackedPut:
        """Serialise a put now. Raises TypeError where the state cannot be serialised."""

    async def flush(self, acts: Sequence[Act]) -> list[Refusal | None]:
        """Make the acts durable in one transaction; per act None or why it alone was refused.

        Raises FateUnknownError where the connection broke: read `fate` before acting.
        """

    async def fate(self, act: Act) -> bool:
        """Whether an act whose commit's fate was unknown is in the store (read by token, head, effects)."""

    async def renew(self, worker: str, tokens: Sequence[tuple[str, int]], lease_s: float) -> set[str]:
        """Prolong leases; returns the thread ids that are lost."""

    async def reap(self, limit: int) -> int:
        """Return RUNNING runs whose lease expired to READY (token + 1), to be tried alone; how many."""

    async def release(self, worker: str, tokens: Sequence[tuple[str, int]], after_s: float = 0.0) -> int:
        """Give back these claims of this worker, of which no call is out; how many it still held.

        They may be claimed again at once, or `after_s` seconds from now.
        """

    async def wait_ready(self, timeout_s: float) -> None:
        """Sleep until runs may have become READY, at most `timeout_s`."""

    async def relay_outbox(self, limit: int, publish: Publish) -> int:
        """Hand the oldest rows, in order, to `publish`, and forget those whose ids it returns; how many.

        Only rows of record types `BY_RESUMERS`.
        On PostgreSQL rows that another process is publishing are left out. A row may be published again where
        this process or its connection ends in between.
        """
