"""Checking a catalogue: errors stop it, warnings ask its author to look again."""

import pytest

from gate_policy.check import check_catalogue
from tests.policy.plans import HEAD

GOOD = """\
version: 1
actions:
  look: {tier: REVERSIBLE}
  tag:
    tier: PARTIALLY_REVERSIBLE
    says: "Tag {{ who }}"
    arguments: [who, pin]
    undo: {action: look}
  pay:
    tier: IRREVERSIBLE
    says: "Pay {{ who }}"
    probe: look
"""


def test_a_sound_catalogue_has_no_problems() -> None:
    assert check_catalogue(GOOD, "c.yaml") == []


def test_errors_are_told_as_they_stop_the_load() -> None:
    problems = check_catalogue(HEAD + "  a: {tier: x}\n", "c.yaml")
    assert [(problem.severity, problem.line) for problem in problems] == [("error", 3)]
    assert [problem.severity for problem in check_catalogue("[", "c.yaml")] == ["error"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    undo: {action: look}\n",
            "",
            "c.yaml:4: actions.tag: is PARTIALLY_REVERSIBLE but has no undo; add an",
        ),
        ("    probe: look\n", "", "c.yaml:9: actions.pay: cannot be repeated and has no probe; add a probe"),
        ('    says: "Pay {{ who }}"\n', "", "c.yaml:9: actions.pay: has no sentence for reviewers; add says"),
        (
            "Tag {{ who }}",
            "Tag {{ whom }}",
            "c.yaml:6: actions.tag.says: 'whom' is not among its arguments; list",
        ),
        (
            "[who, pin]",
            "[who, pin]\n    group: '{{ n }} {{ x }}'",
            "c.yaml:8: actions.tag.group: 'x' is not among",
        ),
        (
            "[who, pin]",
            "[who, pin]\n    material: [zip]",
            "c.yaml:8: actions.tag.material: 'zip' is not among its",
        ),
        (
            "[who, pin]",
            "[who, pin]\n    secret: [pin]\n    effect: {key: '{{ pin }}', window: 1h}",
            "c.yaml:9: actions.tag.effect.key: 'pin' is a secret field; use a field that is no secret",
        ),
        (
            "[who, pin]",
            "[who, pin]\n    secret: [who]",
            "c.yaml:6: actions.tag.says: 'who' is a secret field, shown as •••; leave it out of the sentence",
        ),
        (
            "look: {tier: REVERSIBLE}",
            "look: {tier: REVERSIBLE, settle: hm}",
            "c.yaml:3: actions.look.settle: an open",
        ),
        (
            "    probe: look\n",
            "    probe: look\nrules: [{name: r, when: args.x > 1, actions: [tag], warn: w, because: b}]\n",
            "c.yaml:13: rules[0].when: 'x' is not among the arguments of tag; list it there",
        ),
    ],
)
def test_what_its_author_should_look_at_again_is_a_warning(old: str, new: str, said: str) -> None:
    assert old in GOOD
    problems = check_catalogue(GOOD.replace(old, new), "c.yaml")
    assert [problem.severity for problem in problems] == ["warning"]
    assert str(problems[0]).startswith(said)
