"""The parts that records are made of."""

import hashlib
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from gate_events.words import DecisionKind, PauseKind, Tier

# \Z, since $ would let a newline through.
# No control characters: names are keys in SQL and are shown to people.
Name = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"\A[^\x00-\x1f\x7f]+\Z")]
# No U+0000: PostgreSQL cannot store it.
Stored = Annotated[str, Meta(pattern=r"\A[^\x00]*\Z")]
Text = Annotated[Stored, Meta(max_length=100_000)]
Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Moment = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Seconds = Annotated[int, Meta(ge=0, le=2_147_483_647)]


class Value(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An immutable part of a record. Constraints are checked when bytes are decoded."""


class Step(Value, frozen=True, kw_only=True):
    """One action of a plan; `step_id` is unique inside its plan."""

    step_id: Name
    action_type: Name
    arguments: dict[str, Any] = {}
    claimed_tier: Tier | None = None
    after: tuple[Stored, ...] | None = None  # steps to begin before it; None: all that stand before it


class Agent(Value, frozen=True, kw_only=True):
    """Who made the plan. What an agent is worth is learned per fingerprint."""

    name: Name
    model: Stored | None = None
    prompt_version: Stored | None = None
    tools: Stored | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 over agent, model, prompt version and tool schema; a new one starts from zero.

        Each part is written as its length in bytes, a colon and itself, and as a hyphen where it is null:
        no two agents are written alike.
        """
        parts = (self.name, self.model, self.prompt_version, self.tools)
        return hashlib.sha256(b"".join(_delimited(part) for part in parts)).hexdigest()


def _delimited(part: str | None) -> bytes:
    if part is None:
        return b"-"
    written = part.encode()
    return b"%d:%b" % (len(written), written)


class RunIdentity(Value, frozen=True, kw_only=True):
    """Exactly which pause of which LangGraph thread a plan belongs to."""

    graph: Name
    graph_version: Stored
    thread_id: Name
    checkpoint_ns: Stored = ""
    checkpoint_id: Name
    kind: PauseKind
    interrupt_id: Stored | None = None
    task_ids: tuple[Stored, ...] = ()
    next_nodes: tuple[Stored, ...] = ()

    def __post_init__(self) -> None:
        if self.kind is PauseKind.UNKNOWN:
            raise ValueError("kind UNKNOWN: upgrade this worker before a run that stopped that way")


class Group(Value, frozen=True, kw_only=True):
    """Steps that read as one sentence: "Send 200 emails: ..."."""

    text: Stored
    tier: Tier
    step_ids: tuple[Stored, ...]
    used: tuple[Stored, ...] = ()  # the names of the arguments that the sentence used


class Finding(Value, frozen=True, kw_only=True):
    """What a plan check or a rule wants the reviewer to see."""

    check: Stored
    text: Stored
    step_ids: tuple[Stored, ...] = ()


class Terms(Value, frozen=True, kw_only=True):
    """Who may decide, until when, and how long the answer holds. Frozen when the gate opens."""

    reviewers: tuple[Stored, ...] = ()  # empty: anyone but the proposer and its agent
    quorum: Count = 1
    deadline: Moment
    use_by_s: Seconds
    allowed: tuple[DecisionKind, ...]


class Review(Value, frozen=True, kw_only=True):
    """A plan in plain English, with what the reviewer should know and may do."""

    groups: tuple[Group, ...]
    findings: tuple[Finding, ...] = ()
    reasons: tuple[Stored, ...] = ()
    terms: Terms


class InDoubt(Value, frozen=True, kw_only=True):
    """An effect whose result is unknown, and what is known about it."""

    step_id: Name
    known: Stored
