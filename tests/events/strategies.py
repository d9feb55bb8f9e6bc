"""Hypothesis strategies for every record, worked out from its types and their constraints."""

from datetime import UTC
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect as shapes

from gate_events.topics import TOPICS
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus, known

# What the contract that is written has no word for yet.
_NOT_YET = {
    *(
        word
        for word in DecisionKind
        if list(DecisionKind).index(word) > list(DecisionKind).index(DecisionKind.RESOLVE)
    ),
    DeciderKind.LINK,
    DeciderKind.SUBSTITUTE,
    OutcomeStatus.BEGUN,
}
_FIELDS = {
    "ApprovalRequested": {"evidence", "review_digest", "signature"},
    "AutonomyChanged": {"evidence", "signature"},
    "DecisionMade": {"review_digest", "seen_at", "patch", "rejected_step_ids", "on_behalf_of", "signature"},
    "Group": {"used"},
    "IncidentReported": {"kind", "signature"},
    "PlanCleared": {"attempt", "evidence", "signature"},
    "PlanDecided": {"resolution", "policy", "attempt", "review_digest", "seen_at", "signature"},
    "PlanExecuted": {"attempt", "signature"},
    "PlanProposed": {"signature"},
    "Step": {"after"},
}
INT64 = 2**63 - 1
EXACT = 2**53 - 1  # beyond it JSON numbers are not exact, and a digest is refused

_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
_names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-EXACT, EXACT)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts
)
json_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=8,
)
json_objects = st.dictionaries(_texts, json_values, max_size=4)


def any_record() -> st.SearchStrategy[Any]:
    """A record of any type."""
    return st.one_of([a(topic.record) for topic in TOPICS])


def a(record: type[Any]) -> st.SearchStrategy[Any]:
    """A record of one type."""
    return _of(shapes.type_info(record))


def _of(shape: shapes.Type) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one line per kind of type
    match shape:
        case shapes.StructType():
            not_yet = _FIELDS.get(shape.cls.__name__, set())
            fields = [field for field in shape.fields if field.name not in not_yet]
            return st.builds(shape.cls, **{field.name: _of(field.type) for field in fields})
        case shapes.UnionType():
            return st.one_of([_of(member) for member in shape.types])
        case shapes.EnumType():
            return st.sampled_from([word for word in known(shape.cls) if word not in _NOT_YET])
        case shapes.VarTupleType():
            return _tuples(shape)
        case shapes.StrType():
            return _strings(shape)
        case shapes.IntType():
            return st.integers(
                -INT64 if shape.ge is None else shape.ge, INT64 if shape.le is None else shape.le
            )
        case shapes.DateTimeType():
            return st.datetimes(timezones=st.just(UTC))
        case shapes.UUIDType():
            return st.uuids()
        case shapes.BoolType():
            return st.booleans()
        case shapes.NoneType():
            return st.none()
        case shapes.DictType():
            return json_objects
        case shapes.AnyType():
            return json_values
    raise AssertionError(f"no strategy is known for {shape}")


def _tuples(shape: shapes.VarTupleType) -> st.SearchStrategy[Any]:
    is_steps = isinstance(shape.item_type, shapes.StructType) and shape.item_type.cls.__name__ == "Step"
    unique_by = (lambda step: step.step_id) if is_steps else None
    items = st.lists(_of(shape.item_type), min_size=shape.min_length or 0, max_size=3, unique_by=unique_by)
    return items.map(tuple)


def _strings(shape: shapes.StrType) -> st.SearchStrategy[str]:
    if "a-f" in (shape.pattern or ""):
        return st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
    return _names if shape.min_length else _texts
