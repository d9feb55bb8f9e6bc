"""What an edit changed, as its reviewer reads it."""

from typing import Any

from gate_policy.catalogue import load_catalogue
from plangate.cli.step_diff import changes

CATALOGUE = load_catalogue("""
version: 1
actions:
  mail: {tier: IRREVERSIBLE, says: "Mail {{ to }}", secret: [token]}
""")


def step(step_id: str, action: str = "mail", **arguments: Any) -> dict[str, Any]:
    arguments = {"to": "ana", "token": "old", **arguments}
    return {
        "step_id": step_id,
        "action_type": action,
        "arguments": arguments,
        "claimed_tier": None,
        "after": None,
    }


def test_equal_plans_differ_in_nothing() -> None:
    assert changes([step("s1"), step("s2")], [step("s1"), step("s2")], CATALOGUE) == []


def test_each_step_is_left_out_changed_or_added() -> None:
    before = [step("s1"), step("s2", to="bob", cc=["x"]), step("s3")]
    after = [step("s2", to="eve", cc=["x", "y"], bcc="z"), step("s3"), step("s4", to="new")]
    assert changes(before, after, CATALOGUE) == [
        "- s1  Mail ana",
        "~ s2  Mail eve",
        '    to: "bob" -> "eve"',
        '    cc: ["x"] -> ["x","y"]',
        '    bcc: nothing -> "z"',
        "+ s4  Mail new",
        '    with token="•••"',
    ]


def test_a_number_that_becomes_a_text_or_a_bool_is_a_change() -> None:
    assert changes([step("s1", n=1)], [step("s1", n=True)], CATALOGUE)[1:] == ["    n: 1 -> true"]


def test_a_secret_is_told_to_be_another_and_not_shown() -> None:
    lines = changes([step("s1")], [step("s1", token="new")], CATALOGUE)  # noqa: S106 - nobody's
    assert lines == ["~ s1  Mail ana", "    token: another secret"]


def test_an_argument_that_is_called_like_a_field_hides_no_change() -> None:
    lines = changes([step("s1", action_type="a")], [step("s1", action_type="b")], CATALOGUE)
    assert '    action_type: "a" -> "b"' in lines


def test_another_order_is_a_change() -> None:
    assert changes([step("s1"), step("s2")], [step("s2"), step("s1")], CATALOGUE) == [
        "~ in this order: s2, s1"
    ]


def test_what_would_paint_the_screen_is_spelled_out() -> None:
    (line, field) = changes([step("s\u202e1")], [step("s\u202e1", to="\x1bana")], CATALOGUE)
    assert "\x1b" not in line + field
    assert "\u202e" not in line + field


def test_what_a_step_is_stands_apart_from_an_argument_of_that_name() -> None:
    named = {"after": "noon", "its after": "x"}
    before, now = step("s1", **named), {**step("s1", **named), "after": []}
    assert changes([before], [now], CATALOGUE) == ["~ s1  Mail ana", "    its after: null -> []"]
    other = step("s1", after="noon", **{"its after": "y"})
    assert changes([before], [other], CATALOGUE)[1:] == ['    "its after": "x" -> "y"']
