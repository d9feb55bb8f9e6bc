"""Checking a catalogue: errors stop it, warnings ask its author to look again."""

import pytest

from gate_policy.check import check_catalogue
from gate_policy.errors import Problem
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


def problems_of(text: str) -> list[Problem]:
    """What its author has to do something about."""
    return [problem for problem in check_catalogue(text, "c.yaml") if problem.severity != "note"]


def notes_of(actions: str) -> list[str]:
    return [
        str(problem) for problem in check_catalogue(HEAD + actions, "c.yaml") if problem.severity == "note"
    ]


def test_a_sound_catalogue_has_no_problems() -> None:
    assert problems_of(GOOD) == []


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
    problems = problems_of(GOOD.replace(old, new))
    assert [problem.severity for problem in problems] == ["warning"]
    assert str(problems[0]).startswith(said)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (
            'says: "Scale {{ service }} to {{ n }}", arguments: [service, n]',
            "c.yaml:3: actions.a.says: 'Scale {{ service }} to {{ n }}' names n, which is an argument and "
            "the number of steps; write {{ args.n }} for the argument, and leave the number of steps out",
        ),
        (
            'group: "Scale {{ n }}", arguments: [n]',
            "c.yaml:3: actions.a.group: 'Scale {{ n }}' names n, which is an argument and the number",
        ),
        (
            'says: "Run {{ args }}", arguments: [command, args]',
            "c.yaml:3: actions.a.says: 'Run {{ args }}' names args, which is an argument and all the "
            "arguments; rename the argument, or name",
        ),
    ],
)
def test_a_sentence_in_which_a_name_may_mean_two_things_is_refused(action: str, said: str) -> None:
    (problem,) = check_catalogue(f"{HEAD}  a: {{tier: REVERSIBLE, {action}}}\n", "c.yaml")
    assert problem.severity == "error"
    assert str(problem).startswith(said)


def test_an_argument_n_is_named_through_all_the_arguments() -> None:
    text = HEAD + '  a: {tier: REVERSIBLE, says: "To {{ args.n }}", group: "Again", arguments: [n]}\n'
    assert problems_of(text) == []


@pytest.mark.parametrize("arguments", ["", ", arguments: [service]"])
def test_the_number_of_steps_is_not_taken_for_an_argument(arguments: str) -> None:
    says = f'says: "{{{{ service }}}} to {{{{ n }}}}"{arguments}'
    (problem,) = problems_of(f"{HEAD}  a: {{tier: REVERSIBLE, {says}}}\n")
    assert str(problem) == (
        "c.yaml:3: actions.a.says: 'n' is the number of steps and no argument; "
        "write {{ args.n }} where an argument is meant"
    )


@pytest.mark.parametrize(
    ("action", "rest"),
    [
        ('says: "Refund {{ customer.name }}"', "customer"),
        ('says: "Mail {{ to | length }}: {{ subject }}", arguments: [to, subject, body]', "to, body"),
        ('says: "{% if cc %}{{ cc }}{% endif %}{{ to }}"', "cc"),
    ],
)
def test_what_a_sentence_does_not_print_whole_is_noted(action: str, rest: str) -> None:
    *_, note = notes_of(f"  a: {{tier: REVERSIBLE, {action}}}\n")
    assert note.startswith(
        f"c.yaml:3: actions.a.says: does not print {rest} whole; reviewers read that beneath"
    )


def test_a_missing_list_of_arguments_is_asked_for() -> None:
    assert notes_of("  a: {tier: REVERSIBLE}\n") == [
        "c.yaml:3: actions.a: lists no arguments, so that an agent may add any;"
        " list them: then a plan with any other is held for a human"
    ]


def test_a_sentence_that_prints_everything_whole_needs_no_note() -> None:
    assert notes_of('  a: {tier: REVERSIBLE, says: "{{ x }} {{ y }}", arguments: [x, y]}\n') == []
    assert notes_of("  a: {tier: REVERSIBLE, arguments: [x, y]}\n") == []
