"""A plan in plain English: complete, grouped, and safe to look at."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.values import Review, Step
from gate_events.words import Tier
from gate_policy.catalogue import Catalogue, load_catalogue
from gate_policy.display import REDACTED, plain
from gate_policy.explain import explain
from gate_policy.judge import judge
from gate_policy.render import sentence, unsaid
from tests.events.strategies import json_objects
from tests.policy.plans import HEAD, NOW, mail, office, plan, step

SIGN_IN = """\
  sign_in:
    tier: IRREVERSIBLE
    says: "Sign in {{ user }} with {{ password }} and {{ args.keys }}"
    group: "Sign in {{ n }} times with {{ args }}"
    secret: [password, pin]
    effect: {key: "in:{{ user }}", window: 1h}
"""


def review(*steps: Any, catalogue: Catalogue | None = None) -> Review:
    found = judge(plan(*steps), catalogue or office("mode: earned\n"), now=NOW).review
    assert found is not None
    return found


def texts(*steps: Any, catalogue: Catalogue | None = None) -> list[str]:
    return [group.text for group in review(*steps, catalogue=catalogue).groups]


def says(template: str) -> Catalogue:
    return load_catalogue(f"{HEAD}  a:\n    tier: IRREVERSIBLE\n    says: '{template}'\n")


def test_200_mails_read_as_one_sentence_with_every_step_named() -> None:
    mails = [mail(f"m{at}", f"c{at}", "Your invoice is overdue") for at in range(200)]
    (group,) = review(*mails).groups
    assert group.text == 'Send 200 mails: Your invoice is overdue (to: 200 different values, "c0" to "c99")'
    assert group.used == ("subject",)
    assert group.step_ids == tuple(f"m{at}" for at in range(200))
    assert group.tier is Tier.IRREVERSIBLE


def test_a_single_step_reads_by_itself() -> None:
    assert texts(mail("m", "eva", "hi")) == ["Mail eva: hi"]
    assert [group.used for group in review(mail("m", "eva", "hi")).groups] == [("subject", "to")]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([1, 1, 2], "x: 1 2 times, 2 once"),
        ([0.1, 0.2, 0.3, 4], "x: 0.1 to 4, 4.6 in all, 4 different values"),
        ([1e308, 5, 0.5, -1e308, 7], "x: -1e+308 to 1e+308, 12.5 in all, 5 different values"),
        (["b", "a", "d", "c"], 'x: 4 different values, "a" to "d"'),
        ([1, True, "1", None], 'x: 4 different values, "1" to true'),
        ([1, True], "x: 1 once, true once"),
        (["a\n• Look", "b"], 'x: "a\\n• Look" once, "b" once'),
        (["a" * 50, "b"], f'x: "{"a" * 39}… once, "b" once'),
        ([{"to": "a"}, {"to": "b"}], 'x: {"to":"a"} once, {"to":"b"} once'),
    ],
)
def test_members_of_a_group_differ_only_in_what_the_group_tells(values: list[Any], told: str) -> None:
    steps = [step(f"s{nth}", "note", text="same", x=value) for nth, value in enumerate(values)]
    assert texts(*steps) == [f"{len(values)} times: Note same ({told})"]


def test_arguments_of_a_plans_own_hide_none_that_is_listed_and_make_no_long_text() -> None:
    """Steps may have thousands of arguments that no other has."""
    catalogue = load_catalogue(
        f"{HEAD}  pay: {{tier: IRREVERSIBLE, says: 'Pay {{{{ to }}}}', arguments: [to, amount]}}\n"
    )
    steps = [
        step(f"s{nth}", "pay", **{f"x{nth}_{at}": 1 for at in range(50)}, to="eva", amount=10**nth)
        for nth in range(4)
    ]
    [text] = texts(*steps, catalogue=catalogue)
    assert text.startswith(
        "4 times: Pay eva (amount: 1 to 1000, 1111 in all, 4 different values; x0_0: 1 once"
    )
    assert text.endswith("x0_19: 1 once, missing 3 times; 180 other arguments differ)")


def test_what_all_members_have_beyond_their_sentence_is_said_once_and_whole() -> None:
    same = {"subject": "Overdue", "sender": "billing@example.com", "body": "x" * 500, "copies": 0}
    steps = [step(f"s{nth}", "mail", to=f"c{nth}", **same) for nth in range(200)]
    [group] = review(*steps).groups
    assert group.text == (
        'Send 200 mails: Overdue (to: 200 different values, "c0" to "c99"; the same in all:'
        f' sender="billing@example.com", body="{"x" * 500}", copies=0)'
    )
    assert group.used == ("body", "copies", "sender", "subject")


def test_what_some_members_write_otherwise_is_no_common_argument() -> None:
    steps = [step("a", "note", text="same", x=1, y={"b": 1, "c": 2}), step("b", "note", text="same", x=1.0)]
    assert texts(*steps) == ['2 times: Note same (x: 1 once, 1.0 once; y: {"b":1,"c":2} once, missing once)']


def test_common_arguments_of_a_plans_own_hide_none_that_is_listed() -> None:
    catalogue = load_catalogue(
        f"{HEAD}  pay: {{tier: IRREVERSIBLE, says: 'Pay {{{{ to }}}}', arguments: [to, iban]}}\n"
    )
    more = {f"x{nth:03}": nth for nth in range(300)}
    [group] = review(
        *(step(name, "pay", to="eva", **more, iban="DE00") for name in "ab"), catalogue=catalogue
    ).groups
    assert group.text.startswith('2 times: Pay eva (the same in all: iban="DE00", x000=0, x001=1, ')
    assert group.text.endswith(", x019=19)")
    assert "x020" not in group.used  # each step shows it


def test_arguments_that_a_group_sentence_lists_are_not_said_twice() -> None:
    catalogue = load_catalogue(
        HEAD + "  a: {tier: IRREVERSIBLE, says: 'Do {{ args }}', group: 'Do {{ n }} of {{ args }}'}\n"
    )
    steps = [step(name, "a", to="eva", amount=1) for name in "ab"]
    [group] = review(*steps, catalogue=catalogue).groups
    assert group.text == 'Do 2 of {"to":"eva","amount":1}'
    assert group.used == ("amount", "to")
    assert unsaid(steps[0], catalogue) == {}


def test_an_arguments_name_cannot_fake_another() -> None:
    told = "amount: 1 to 2; y"
    steps = [step(f"s{nth}", "note", text="same", **{told: nth}) for nth in range(2)]
    assert texts(*steps) == [f'2 times: Note same ("{told}": 0 once, 1 once)']
    [only] = texts(step("s", "unheard", **{'amount=1, to="ann", x': "eva"}))
    assert only == 'unheard("amount=1, to=\\"ann\\", x"="eva")'


def test_of_many_arguments_that_are_not_listed_twenty_are_named() -> None:
    more = {f"x{nth:03}": nth for nth in range(300)}
    catalogue = load_catalogue(f"{HEAD}  note: {{tier: IRREVERSIBLE, arguments: [text]}}\n")
    [finding] = review(step("a", "note", text="t", **more), catalogue=catalogue).findings
    assert finding.text.endswith("x018, x019 and 280 more (1 step)")


def test_what_some_members_lack_is_told() -> None:
    steps = [step("a", "note", text="same"), step("b", "note", text="same", x=1)]
    assert texts(*steps) == ["2 times: Note same (x: 1 once, missing once)"]


def test_secrets_of_a_group_are_told_by_nothing() -> None:
    steps = [step(name, "note", text="same", pin=name) for name in ("a", "b")]
    catalogue = load_catalogue(
        f"{HEAD}  note: {{tier: IRREVERSIBLE, says: 'Note {{{{ text }}}}', secret: [pin]}}\n"
    )
    assert texts(*steps, catalogue=catalogue) == ["2 times: Note same"]
    deeper = [step(name, "note", text="same", who={"pin": name, "is": "eva"}) for name in ("a", "b")]
    assert texts(*deeper, catalogue=catalogue) == ["2 times: Note same"]


def test_what_needs_judgment_stands_first() -> None:
    """What a rule says in its own words, then what holds the plan; sentences follow the findings."""
    catalogue = load_catalogue(
        """
version: 1
mode: tiered
actions:
  look: {tier: REVERSIBLE, says: "Look at {{ what }}", arguments: [what]}
  pay: {tier: IRREVERSIBLE, says: "Pay {{ what }}", arguments: [what]}
rules:
  - {name: odd, when: 'args.what == "odd"', warn: "{{ n }} is odd", because: "odd ones are looked at"}
"""
    )
    found = review(
        step("a", "look", what="x"),
        step("b", "look", what="y", more=1),
        step("c", "pay", what="z"),
        step("d", "look", what="odd"),
        catalogue=catalogue,
    )
    assert [each.text for each in found.findings] == [
        "1 is odd",
        "look has arguments that the catalogue does not list: more (1 step)",
    ]
    assert [each.text for each in found.groups] == ["Look at odd", "Look at y", "Pay z", "Look at x"]


def test_what_the_sentence_shows_is_never_another_steps() -> None:
    found = review(mail("a", "x", "one"), mail("b", "y", "two"), mail("c", "z", "one"))
    assert [(group.text, group.step_ids) for group in found.groups] == [
        ('Send 2 mails: one (to: "x" once, "z" once)', ("a", "c")),
        ("Mail y: two", ("b",)),
    ]


def test_steps_of_two_tiers_stand_apart() -> None:
    steps = [step("a", "read", file="x"), step("b", "read", Tier.IRREVERSIBLE, file="x")]
    assert [group.tier for group in review(*steps).groups] == [Tier.IRREVERSIBLE, Tier.REVERSIBLE]


def test_without_a_group_sentence_equal_sentences_are_counted() -> None:
    assert texts(step("a", "note", text="x"), step("b", "note", text="x")) == ["2 times: Note x"]


def test_an_unknown_action_is_listed_with_all_its_arguments() -> None:
    assert texts(step("a", "launch", to="moon", crew=["eva", 2, None])) == [
        'launch(to="moon", crew=["eva",2,null])'
    ]
    assert texts(step("a", "launch"), step("b", "launch")) == ["2 times: launch()"]


@pytest.mark.parametrize("count", [1, 2])
def test_a_missing_argument_falls_back_to_the_list(count: int) -> None:
    steps = [step(f"m{at}", "mail", to="eva", nr=at) for at in range(count)]
    assert texts(*steps) == [f'mail(to="eva", nr={at})' for at in range(count)]


@pytest.mark.parametrize(
    ("template", "arguments", "text"),
    [
        ("{{ x }}", {"x": True}, "true"),
        ("{{ x }}", {"x": None}, "null"),
        ("{{ x }}", {"x": {"b": [1, "c"]}}, '{"b":[1,"c"]}'),
        ("{{ x.items }}", {"x": {"items": 3}}, "3"),
        ('{{ x | length }} of {{ x | join(", ") }}', {"x": ["a", "b"]}, "2 of a, b"),
        ('{{ x | default("nobody") }}', {}, "nobody"),
        ("{% if n == 1 %}one{% else %}many{% endif %}", {}, "one"),
        ("{{ x * 2 }}", {"x": 3}, "6"),
        ('{{ args["a-b"] }}', {"a-b": 1}, "1"),
        ("{{ x }}", {"x": "{{ 7 * 7 }}"}, "{{ 7 * 7 }}"),
    ],
)
def test_templates_say_values_as_json_says_them(template: str, arguments: Any, text: str) -> None:
    assert texts(step("s", "a", **arguments), catalogue=says(template)) == [text]


@pytest.mark.parametrize(
    "template",
    [
        "{{ x * 1000000000 }}",
        "{{ x % 3 }}",
        "{{ x.upper() }}",
        "{{ x.__class__ }}",
        "{{ x.items }}",
        "{{ range(9) }}",
        "{{ x | int // 0 }}",
        "{{ y }}",
        "{{ x.y.z }}",
    ],
)
def test_what_a_template_may_not_or_cannot_do_ends_in_the_list(template: str) -> None:
    assert texts(step("s", "a", x="ab"), catalogue=says(template)) == ['a(x="ab")']


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("ok\n3 mails: harmless", "ok\\n3 mails: harmless"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("a\u200bb\u2066c\u2028d\x1b[2Je", "a\\u200bb\\u2066c\\u2028d\\x1b[2Je"),
        ("\U000e0041", "\\U000e0041"),
        ("grüße ✓", "grüße ✓"),
    ],
)
def test_an_argument_cannot_fake_the_view(text: str, seen: str) -> None:
    assert texts(mail("m", "eva", text)) == [f"Mail eva: {seen}"]
    assert texts(step("x", "launch", to=text))[0].isprintable()


def test_an_action_name_cannot_fake_the_view() -> None:
    found = review(step("x", "launch\n\u202eapproved", a=1))
    said = [*found.reasons, *[one.text for one in found.findings], *[one.text for one in found.groups]]
    assert all(text.isprintable() for text in said)


@pytest.mark.parametrize(
    ("template", "rest"),
    [
        ("{{ x }}", {}),
        ("a {{- x -}} b {{ (x) }}", {}),
        ("{{ x.y }}", {"x": {"y": 1}}),
        ("{{ x.y }} of {{ x }}", {}),
        ('{{ x["y"] }}', {"x": {"y": 1}}),
        ("{{ x | length }}", {"x": {"y": 1}}),
        ("{{ x | string | truncate(3) }}", {"x": {"y": 1}}),
        ("{% if x %}{{ x }}{% endif %}", {"x": {"y": 1}}),
        ("{% for one in x %}{{ x }}{% endfor %}", {"x": {"y": 1}}),
        ("{{ x if x else 0 }}", {"x": {"y": 1}}),
        ("{{ x and 1 }}", {"x": {"y": 1}}),
        ('{% set x = "harmless" %}{{ x }}', {"x": {"y": 1}}),
        ('{% if x %}{% set x = "harmless" %}{% endif %}{{ x }}', {"x": {"y": 1}}),
        ('{% with x = "harmless" %}{{ x }}{% endwith %}', {"x": {"y": 1}}),
        ("{% filter truncate(3) %}{{ x }}{% endfilter %}", {"x": {"y": 1}}),
        ("{{ args.x }}", {"x": {"y": 1}}),
        ("nothing", {"x": {"y": 1}}),
        ("{{ missing }}", {}),
    ],
)
def test_an_argument_counts_as_said_only_where_it_is_printed_whole(template: str, rest: Any) -> None:
    assert unsaid(step("s", "a", x={"y": 1}), says(template)) == rest


@pytest.mark.parametrize("field", ["says", "group"])
@pytest.mark.parametrize("name", ["n", "args"])
def test_an_argument_called_like_what_a_sentence_knows_is_never_misquoted(field: str, name: str) -> None:
    catalogue = load_catalogue(f"{HEAD}  a:\n    tier: IRREVERSIBLE\n    {field}: 'To {{{{ {name} }}}}'\n")
    steps = [step(f"s{at}", "a", **{name: 500}, nr=at) for at in range(2)]
    assert texts(steps[0], catalogue=catalogue) == [f"a({name}=500, nr=0)"]
    assert texts(*steps, catalogue=catalogue) == [f"a({name}=500, nr=0)", f"a({name}=500, nr=1)"]
    assert sentence(steps[0], catalogue) == f"a({name}=500, nr=0)"
    assert unsaid(steps[0], catalogue) == {}


def test_such_an_argument_changes_no_sentence_that_does_not_name_it() -> None:
    one = step("s", "a", x="web", n=500, args=8)
    assert texts(one, catalogue=says("Scale {{ x }}")) == ["Scale web"]
    assert unsaid(one, says("Scale {{ x }}")) == {"n": 500, "args": 8}
    assert texts(one, catalogue=says("Scale {{ x }} to {{ n }}")) == ['a(x="web", n=500, args=8)']
    assert texts(step("s", "a", n=5), catalogue=says("To {{ args.n }}")) == ["To 5"]


@pytest.mark.parametrize("part", ["{{ x.name }}", "{{ x | length }}"])
def test_steps_that_differ_in_what_a_sentence_leaves_out_share_no_group(part: str) -> None:
    steps = [step(f"s{at}", "a", x={"name": "ann", "to": to}) for at, to in enumerate(["a", "b", "a"])]
    found = review(*steps, catalogue=says(f"Pay {part}"))
    assert [group.step_ids for group in found.groups] == [("s0", "s2"), ("s1",)]


HIDDEN = "hunter2-7f1d"


def test_a_secret_is_shown_as_dots_at_any_depth() -> None:
    catalogue = office(SIGN_IN)
    first = step("a", "sign_in", user="eva", keys=[{"pin": 1234, "at": "door"}], password=HIDDEN)
    dots = f'Sign in eva with {REDACTED} and [{{"pin":"{REDACTED}","at":"door"}}]'
    assert sentence(first, catalogue) == dots
    assert texts(step("b", "sign_in", password=HIDDEN), catalogue=catalogue) == [
        f'sign_in(password="{REDACTED}")'
    ]


@given(json_objects, st.sampled_from(["password", "pin"]), st.booleans(), st.booleans(), st.integers(1, 3))
def test_no_secret_is_ever_shown(
    arguments: dict[str, Any], field: str, nested: bool, user: bool, count: int
) -> None:
    hidden: dict[str, Any] = {field: {"deeper": [HIDDEN]} if nested else HIDDEN}
    said = {"user": "eva", "keys": [hidden]} if user else {}
    full = {**arguments, **said, "more": {"x": hidden}, **hidden}
    steps = [Step(step_id=f"s{at}", action_type="sign_in", arguments=full) for at in range(count)]
    broken = "rules: [{name: r, when: 'int(args.password) > 1', because: b, tier: IRREVERSIBLE}]\n"
    found = judge(plan(*steps), office(SIGN_IN + broken), now=NOW)
    assert found.review is not None
    shown = [group.text for group in found.review.groups]
    shown += [finding.text for finding in found.review.findings]
    shown += [*found.review.reasons, *[reason for one in found.steps for reason in one.reasons]]
    shown += [one.effect_key or "" for one in found.steps]
    shown += explain(plan(*steps), office(SIGN_IN + broken), now=NOW)
    assert not [text for text in shown if HIDDEN in text]


ANY_STEP = st.tuples(
    st.sampled_from(["read", "note", "tag", "mail", "launch"]),
    st.dictionaries(
        st.sampled_from(["to", "subject", "file", "who", "tag"]), st.sampled_from(["a", 1, None])
    ),
    st.none() | st.sampled_from(Tier),
)


@given(st.lists(ANY_STEP, min_size=1, max_size=12))
def test_every_step_stands_in_exactly_one_group(drawn: list[Any]) -> None:
    steps = [step(f"s{at}", action, claim, **given_) for at, (action, given_, claim) in enumerate(drawn)]
    found = review(*steps)
    assert sorted(name for group in found.groups for name in group.step_ids) == sorted(
        one.step_id for one in steps
    )
    by_id = {one.step_id: one for one in steps}
    for group in found.groups:
        members = [by_id[name] for name in group.step_ids]
        assert len({one.action_type for one in members}) == 1
        for one in members:  # a view leaves out at each step what the group's sentence used
            assert all(plain(one.arguments[name]) in group.text for name in group.used)
