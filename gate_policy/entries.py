"""The catalogue as its author writes it: field by field, checked by pydantic."""

from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gate_events.words import Tier, known
from gate_policy import durations

TIER_MEND = "use REVERSIBLE, PARTIALLY_REVERSIBLE or IRREVERSIBLE"


def _tier(value: Any) -> Tier:
    for tier in known(Tier):
        if value in (tier, tier.value):
            return tier
    raise PydanticCustomError("plangate", "is no tier", {"mend": TIER_MEND})


def _seconds(value: Any) -> int:
    found = durations.seconds(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("plangate", "is no duration", {"mend": durations.MEND})
    return found


Word = Annotated[str, Field(min_length=1, max_length=256)]
Line = Annotated[str, Field(min_length=1, max_length=2000)]
Words = Annotated[list[Word], Field(max_length=1000)]
TierWord = Annotated[Tier, BeforeValidator(_tier)]
Duration = Annotated[int, BeforeValidator(_seconds)]
Number = Annotated[int, Field(ge=1, le=1000)]
OpenGates = Annotated[int, Field(ge=1, le=1_000_000)]


class Entry(BaseModel):
    """A part of the catalogue: no field beyond those named, no conversion of types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DefaultsEntry(Entry):
    """What holds where an action says nothing."""

    deadline: Duration = 8 * 3600
    use_by: Duration = 3600
    quorum: Number = 1
    reviewers: Words = []


class UndoEntry(Entry):
    """The action that takes an action back."""

    action: Word
    arguments: dict[Word, Any] = {}


class EffectEntry(Entry):
    """What an action does outside, so that the same effect is not done twice within a window."""

    key: Line
    window: Duration
    spelling: Literal["alike", "exact"] = "alike"


class ActionEntry(Entry):
    """One action type."""

    tier: TierWord
    says: Line | None = None
    group: Line | None = None
    arguments: Words | None = None
    undo: UndoEntry | None = None
    high_stakes: bool = False
    idempotent: bool = False
    probe: Word | None = None
    effect: EffectEntry | None = None
    secret: Words = []
    material: Words = []
    reviewers: Words | None = None
    quorum: Number | None = None
    deadline: Duration | None = None
    use_by: Duration | None = None
    after: Words = []
    settle: Line | None = None


class RuleEntry(Entry):
    """A condition that raises a tier or adds requirements."""

    name: Word
    when: Annotated[str, Field(min_length=1)]
    because: Line
    actions: Annotated[list[Word], Field(min_length=1)] | None = None
    tier: TierWord | None = None
    high_stakes: bool = False
    reviewers: Words | None = None
    quorum: Number | None = None
    warn: Line | None = None


class ChecksEntry(Entry):
    """Settings of the plan checks."""

    duplicates: bool = True
    max_steps: dict[Word, Annotated[int, Field(ge=1, le=10_000)]] = {}


class LimitsEntry(Entry):
    """How many questions may be open at once; null: any number."""

    open_gates: OpenGates | None = None
    open_gates_of_proposer: OpenGates | None = None


class CatalogueEntry(Entry):
    """The whole file."""

    version: Literal[1]
    mode: Literal["tiered", "earned"] = "tiered"
    defaults: DefaultsEntry = DefaultsEntry()
    roles: dict[Word, Annotated[list[Word], Field(min_length=1)]] = {}
    actions: dict[Word, ActionEntry]
    rules: list[RuleEntry] = []
    checks: ChecksEntry = ChecksEntry()
    limits: LimitsEntry = LimitsEntry()


def normal(entry: CatalogueEntry) -> dict[str, Any]:
    """What a catalogue says, apart from layout, comments and defaults spelled out."""
    content: dict[str, Any] = entry.model_dump(mode="python", exclude_defaults=True)
    plain: dict[str, Any] = _plain(content)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value
