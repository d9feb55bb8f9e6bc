"""Hypothesis strategies for every record, worked out from its types and their constraints."""

from datetime import UTC
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect as shapes
from msgspec.structs import replace

from gate_events.topics import TOPICS
from gate_events.values import Step
from gate_events.words import known

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
            return st.builds(shape.cls, **{field.name: _of(field.type) for field in shape.fields})
        case shapes.UnionType():
            return st.one_of([_of(member) for member in shape.types])
        case shapes.EnumType():
            return st.sampled_from(known(shape.cls))
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
    is_steps = isinstance(shape.item_type, shapes.StructType) and shape.item_type.cls is Step
    unique_by = (lambda step: step.step_id) if is_steps else None
    items = st.lists(_of(shape.item_type), min_size=shape.min_length or 0, max_size=3, unique_by=unique_by)
    return items.flatmap(_in_some_order) if is_steps else items.map(tuple)


def _in_some_order(steps: list[Step]) -> st.SearchStrategy[tuple[Step, ...]]:
    """Each step after some that stand before it, or after nothing that is said."""
    ids = [step.step_id for step in steps]
    after = [
        st.none() | (st.lists(st.sampled_from(ids[:n])) if n else st.just([])).map(tuple)
        for n in range(len(ids))
    ]
    return st.tuples(*after).map(
        lambda said: tuple(replace(step, after=names) for step, names in zip(steps, said, strict=True))
    )


def _strings(shape: shapes.StrType) -> st.SearchStrategy[str]:
    if "a-f" in (shape.pattern or ""):
        return st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
    return _names if shape.min_length else _texts
