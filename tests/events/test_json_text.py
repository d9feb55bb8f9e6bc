"""JSON that every parser reads alike, and no other."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.json_text import DEEPEST, from_text, kept_result, to_text
from tests.events.strategies import json_objects, json_values

# few, and with colons, so that repetitions are frequent and colons stand in keys and values too
_words = st.sampled_from(["a", "b", "a:", ":", "\u00e9", '"'])
_pairs = st.recursive(
    _words | st.integers(0, 9),
    lambda inner: st.lists(st.tuples(_words, inner), max_size=4) | st.lists(inner, max_size=2).map(tuple),
    max_leaves=8,
)


def written(pairs: Any) -> str:
    """JSON text: a list of pairs is an object, repeated keys included; a tuple is an array."""
    if isinstance(pairs, list):
        return "{" + ",".join(f"{json.dumps(key)}:{written(value)}" for key, value in pairs) + "}"
    if isinstance(pairs, tuple):
        return "[" + ",".join(map(written, pairs)) + "]"
    return json.dumps(pairs)


def repeats(pairs: Any) -> bool:
    """Whether any object in it has a key twice."""
    if isinstance(pairs, list):
        keys = [key for key, _ in pairs]
        return len(set(keys)) < len(keys) or any(repeats(value) for _, value in pairs)
    return isinstance(pairs, tuple) and any(map(repeats, pairs))


@given(_pairs)
def test_exactly_what_repeats_a_key_is_refused(pairs: Any) -> None:
    text = written(pairs)
    if repeats(pairs):
        with pytest.raises(ValueError, match="stands twice in one object"):
            from_text(text)
    else:
        assert from_text(text) == from_text(text.encode()) == json.loads(text)


@given(json_values | json_objects)
def test_a_value_reads_back_equal(value: Any) -> None:
    assert from_text(to_text(value)) == value == json.loads(to_text(value))


@pytest.mark.parametrize("text", ['{"a":":","a":1}', '{"a":{"a":1,"a":2}}', '[{"a":1,"a":1}]', '{"":0,"":0}'])
def test_a_repeated_key_is_found_wherever_colons_stand(text: str) -> None:
    with pytest.raises(ValueError, match="stands twice"):
        from_text(text)


@dataclass
class Receipt:
    """As an effect may return it."""

    number: int
    tags: Any = ()


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("returned", "kept"),
    [
        (None, None),
        ("sent", "sent"),
        ({"id": 7, 1: (True, None)}, {"id": 7, "1": [True, None]}),
        (Receipt(4), {"number": 4, "tags": []}),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
        (_nested(DEEPEST), _nested(DEEPEST)),
    ],
)
def test_the_json_form_of_a_result_is_kept(returned: Any, kept: Any) -> None:
    assert kept_result(returned) == (kept, "")


@pytest.mark.parametrize(
    "returned",
    [
        float("nan"),
        {"rate": float("inf")},
        "a\0b",
        {"a\0b": 1},
        "\ud800",
        {"\ud800": 1},
        {1, 2},
        {"ids": frozenset({1})},
        Receipt(4, {"a"}),
        Receipt(4, float("nan")),
        {1: "one", "1": "another"},
        {None: 1},
        object(),
        lambda: None,
        _nested(DEEPEST + 1),
        _nested(900),
        _nested(100_000),
    ],
)
def test_a_result_that_is_no_json_is_not_kept_with_a_word_about_it(returned: Any) -> None:
    kept, words = kept_result(returned)
    assert kept is None
    assert "was not kept" in words
    assert "\0" not in words
    words.encode()
