"""Values of secret arguments are found in words of others, however these quote them."""

import json
import traceback

import pytest

from gate_policy.secret_values import without

KEY = "-----BEGIN KEY-----\nMI\u00e4\"'abc\n-----END KEY-----\n"


@pytest.mark.parametrize(
    "text",
    [
        str(ValueError(KEY)),
        str(KeyError(KEY)),
        repr({"key": KEY}),
        json.dumps({"key": KEY}),
        json.dumps({"key": KEY}, ensure_ascii=False),
        "".join(traceback.format_exception(ExceptionGroup("two", [ValueError(KEY), KeyError(KEY)]))),
        "".join(traceback.format_exception(ExceptionGroup("one", [ExceptionGroup(KEY, [ValueError("x")])]))),
        f"no key in line 2: {KEY.splitlines()[1]!r}",
    ],
    ids=[
        "as it is",
        "a KeyError",
        "a dict",
        "JSON in ASCII",
        "JSON",
        "a group",
        "a group of groups",
        "a line",
    ],
)
def test_a_secret_is_found_as_python_and_json_quote_it(text: str) -> None:
    told = without(text, [KEY])
    assert "•••" in told
    assert "BEGIN" not in told
    assert "'abc" not in told


def test_a_short_one_is_found_only_where_it_stands_alone() -> None:
    assert without("42 of 1420", ["42"]) == "••• of 1420"
