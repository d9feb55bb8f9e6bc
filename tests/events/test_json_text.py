"""JSON that every parser reads alike, and no other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.json_text import from_text, to_text
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
