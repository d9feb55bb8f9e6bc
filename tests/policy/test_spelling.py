"""An effect is told by what it means outside: neither spelling nor joining makes another or hides one."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_policy.catalogue import load_catalogue
from gate_policy.effects import effect_keys
from tests.policy.plans import HEAD, step

TEXT = st.text(st.sampled_from('17:|"\\ aA\u00a0é,[]'), max_size=4)


def key_of(template: str, spelling: str = "alike", /, **arguments: Any) -> str | None:
    action = (
        f"  pay: {{tier: IRREVERSIBLE, effect: {{key: '{template}', window: 1h, spelling: {spelling}}}}}\n"
    )
    found = effect_keys([step("s", "pay", **arguments)], load_catalogue(HEAD + action))
    return found[0].key if found else None


ALIKE: list[tuple[Any, Any]] = [
    ("17", "17 "),
    ("17", "\t17\n"),
    ("17", "17\u200b"),
    ("17", "1\u00ad7\ufe0f"),
    ("17", "\uff11\uff17"),
    ("17", "\u0661\u0667"),
    ("17", 17),
    (17, 17.0),
    (17, "17.00"),
    (17, "+0017"),
    (17, "1.7e1"),
    (-2.5, "-02.50"),
    (0, "-0.0"),
    (10**15, "1e15"),
    (1e300, "1E+300"),
    ("eva@example.com", "Eva@EXAMPLE.com"),
    ("Jos\u00e9", "jose\u0301"),
    ("two words", "two \u00a0 words"),
    ("stra\u00dfe", "STRASSE"),
    (["A", 1], ["a", "1.0"]),
    ({"to": "A", "n": 1}, {"n": "1", "to": "a "}),
    ("ann@example.org", ["Ann@example.org"]),
    (17, [["17"]]),
    ({"to": "ann"}, {"to": ["ann"]}),
    ({"to": "ann"}, [{"to": "ann"}]),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
@pytest.mark.parametrize("template", ["pay:{{ who }}", "{{ kind }}:{{ who }}", "{{ args.who }}"])
def test_a_spelling_makes_no_other_effect(template: str, one: Any, other: Any) -> None:
    assert key_of(template, who=one, kind="a") == key_of(template, who=other, kind="A")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("17", "18"),
        ("a", "b"),
        (1.5, 15),
        ("1e5", "1e6"),
        ("1e99", "1e98"),
        ("9" * 40, "9" * 39 + "8"),
        ("jose", "jos\u00e9"),
        ("a b", "ab"),
        ("1 7", "17"),
        (["a", "b"], ["ab"]),
        (["a", "b"], ["b", "a"]),
        (["a", "b"], "a, b"),
        ("a", ["a", "a"]),
        ("", []),
    ],
)
def test_what_differs_outside_is_another_effect(one: Any, other: Any) -> None:
    assert key_of("pay:{{ who }}", who=one) != key_of("pay:{{ who }}", who=other)


@pytest.mark.parametrize(
    "template",
    [
        "{{ a }}:{{ b }}",
        "{{ a }}{{ b }}",
        "x{{ a }}|{{ b }}|",
        '{{ args.a }}:{{ args["b"] }}',
        "{% for one in [a, b] %}{{ one }}:{% endfor %}",
    ],
)
@pytest.mark.parametrize("spelling", ["alike", "exact"])
def test_joined_values_do_not_run_into_each_other(template: str, spelling: str) -> None:
    pairs = [("17:1", "|"), ("17", "1:|"), ("17:", "1|"), ("17|1", ":"), ('17"', "1"), ("17", '"1')]
    keys = {key_of(template, spelling, a=a, b=b) for a, b in pairs}
    assert len(keys) == len(pairs)


@given(st.tuples(TEXT, TEXT), st.tuples(TEXT, TEXT))
def test_two_effects_with_exact_spelling_share_a_key_only_if_every_value_is_equal(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    keys = [key_of("{{ a }}|{{ b }}:", "exact", a=a, b=b) for a, b in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


@given(st.text(max_size=20))
def test_no_composition_or_case_of_a_text_makes_another_effect(text: str) -> None:
    key = key_of("{{ a }}", a=text)
    assert key == key_of("{{ a }}", a=unicodedata.normalize("NFD", text))
    assert key == key_of("{{ a }}", a=f" {unicodedata.normalize('NFKC', text)}\u200b")


@pytest.mark.parametrize("other", ["Eva", "eva ", "ev\u200ba", "\uff45va"])
def test_an_effect_whose_spelling_counts_is_kept_as_written(other: str) -> None:
    assert key_of("mail:{{ to }}", "exact", to=other) == f"mail:{other}"
    assert key_of("mail:{{ to }}", to=other) == "mail:eva"


def test_a_list_of_one_is_another_effect_only_where_the_spelling_counts() -> None:
    assert key_of("mail:{{ to }}", "exact", to=["ann"]) != key_of("mail:{{ to }}", "exact", to="ann")
    assert key_of("mail:{{ to }}", to=["ann"]) == "mail:ann"
    assert key_of("{{ to }}:{{ n }}", to=["Ann"], n=[1]) == '"ann":"1"'


def test_one_value_stands_in_its_key_as_it_reads_and_several_in_quotes() -> None:
    assert key_of("mail:{{ to }}", to="Eva") == "mail:eva"
    assert key_of("{{ to }}:{{ n }}", to="Eva", n=1.0) == '"eva":"1"'
    assert key_of("{{ to }}:{{ n }}", "exact", to="Eva", n=1.0) == '"Eva":"1.0"'


def test_a_missing_argument_leaves_the_effect_unknown() -> None:
    assert key_of("{{ to }}:{{ n }}", to="eva") is None
    assert key_of("{{ args.to }}:{{ args.n }}", to="eva") is None
