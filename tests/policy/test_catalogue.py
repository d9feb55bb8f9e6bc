"""A catalogue loads whole, or names every fault with its line, value and mend."""

import re

import pytest

from gate_events.words import Tier
from gate_policy.catalogue import load_catalogue
from gate_policy.errors import CatalogueError
from gate_policy.limits import Limits
from tests.policy.plans import HEAD, OFFICE, office

READ = "  read: {tier: REVERSIBLE}\n"


def faults(text: str) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(text)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return [str(problem) for problem in caught.value.problems]


def test_every_field_arrives_compiled() -> None:
    catalogue = load_catalogue("""
version: 1
mode: earned
defaults: {deadline: 2h, use_by: 10m, quorum: 1, reviewers: [boss]}
roles: {team: [ana, ben, eva]}
actions:
  look: {tier: REVERSIBLE, idempotent: true}
  pay:
    tier: IRREVERSIBLE
    says: "Pay {{ amount }}"
    group: "Pay {{ n }} times"
    arguments: [amount, card]
    undo: {action: look}
    high_stakes: true
    probe: look
    effect: {key: "pay:{{ amount }}", window: 1d12h}
    secret: [card]
    material: [amount]
    reviewers: [team, zoe]
    quorum: 2
    deadline: 90s
    use_by: 1h30m
    after: [look]
    settle: "is it so?"
rules:
  - {name: big, when: "args.amount > 5", actions: [pay], tier: IRREVERSIBLE, quorum: 3, because: big}
checks: {duplicates: false, max_steps: {pay: 3, "*": 9}}
limits: {open_gates: 20, open_gates_of_proposer: 50}
""")
    pay = catalogue.actions["pay"]
    assert catalogue.mode == "earned"
    assert (pay.tier, pay.high_stakes, pay.idempotent, pay.probe) == (Tier.IRREVERSIBLE, True, False, "look")
    assert pay.body.people == {"ana", "ben", "eva", "zoe"}
    assert pay.body.quorum == 2
    assert (pay.deadline_s, pay.use_by_s) == (90, 5400)
    assert pay.effect is not None
    assert pay.effect.window_s == 36 * 3600
    assert (pay.after, pay.material, pay.settle) == (("look",), ("amount",), "is it so?")
    assert pay.secret == frozenset({"card"})
    assert catalogue.actions["look"].body.people == {"boss"}
    assert catalogue.actions["look"].deadline_s == 7200
    assert [rule.name for rule in catalogue.rules_of("pay")] == ["big"]
    assert catalogue.rules_of("look") == catalogue.rules_of("never heard of") == ()
    assert catalogue.checks.max_steps == {"pay": 3, "*": 9}
    assert catalogue.limits == Limits(20, 50)


def test_the_digest_is_of_what_the_catalogue_says_and_not_of_how_it_is_laid_out() -> None:
    same = '# a comment\nactions: {read: {idempotent: false, tier: "REVERSIBLE"}}\nversion: 1\nmode: tiered\n'
    assert re.fullmatch("[0-9a-f]{64}", load_catalogue(HEAD + READ).digest)
    assert load_catalogue(HEAD + READ).digest == load_catalogue(same).digest
    others = [
        HEAD + "  read: {tier: PARTIALLY_REVERSIBLE}\n",
        HEAD + "  reads: {tier: REVERSIBLE}\n",
        HEAD + READ + "mode: earned\n",
        HEAD + READ + "limits: {open_gates: 5}\n",
        HEAD + READ + "defaults: {deadline: 7h}\n",
        HEAD + READ + "checks: {duplicates: false}\n",
    ]
    digests = {load_catalogue(text).digest for text in [*others, HEAD + READ]}
    assert len(digests) == len(others) + 1


def test_a_catalogue_keeps_the_text_that_gives_it_again() -> None:
    text = f"# kept by digest\n{OFFICE}"
    catalogue = load_catalogue(text)
    assert catalogue.text == text
    assert load_catalogue(catalogue.text).digest == catalogue.digest == office().digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            HEAD + "  send_email:\n    says: x\n    tier: tier2\n",
            "catalogue.yaml:5: actions.send_email.tier: 'tier2' is no tier; "
            "use REVERSIBLE, PARTIALLY_REVERSIBLE or IRREVERSIBLE",
        ),
        (HEAD + "  a: {says: x}\n", "catalogue.yaml:3: actions.a.tier: is missing; use REVERSIBLE, "),
        (
            HEAD + READ + "  b:\n    tier: REVERSIBLE\n    teir: x\n",
            "catalogue.yaml:6: actions.b.teir: is no known field; did you mean tier?",
        ),
        (HEAD + READ + "zoo: 1\n", "catalogue.yaml:4: zoo: is no known field; use one of version, mode, "),
        ("version: 2\n" + HEAD[11:] + READ, "catalogue.yaml:1: version: 2 is not allowed; it should be 1"),
        (
            HEAD + READ + "mode: yolo\n",
            "catalogue.yaml:4: mode: 'yolo' is not allowed; it should be",
        ),
        (
            HEAD + READ + "defaults:\n  deadline: soon\n",
            "catalogue.yaml:5: defaults.deadline: 'soon' is no duration; write it like",
        ),
        (HEAD + READ + "defaults: {use_by: 0s}\n", "catalogue.yaml:4: defaults.use_by: '0s' is no duration"),
        (HEAD + READ + "defaults: {use_by: 60}\n", "catalogue.yaml:4: defaults.use_by: 60 is no duration"),
        (
            HEAD + '  a: {tier: REVERSIBLE, high_stakes: "yes"}\n',
            "catalogue.yaml:3: actions.a.high_stakes: 'yes' is no boolean; write true or false",
        ),
        (
            HEAD + "  a: {tier: REVERSIBLE, secret: x}\n",
            "catalogue.yaml:3: actions.a.secret: 'x' is no list; write a list: [a, b]",
        ),
        (
            HEAD + "  a: {tier: REVERSIBLE, quorum: 0}\n",
            "catalogue.yaml:3: actions.a.quorum: 0 is not allowed; it should be greater than or equal to 1",
        ),
        (
            HEAD + "  a: {tier: REVERSIBLE, quorum: 3, reviewers: [x, y]}\n",
            "catalogue.yaml:3: actions.a.quorum: 3 is more than 2 reviewers; name at least 3 people",
        ),
        (
            HEAD + "  a: {tier: REVERSIBLE, quorum: 2, reviewers: [ana, Ana]}\n",
            "catalogue.yaml:3: actions.a.quorum: 2 is more than 1 reviewers; name at least 2 people",
        ),
        (
            HEAD + '  a: {tier: REVERSIBLE, reviewers: ["an\\u200ba"]}\n',
            "catalogue.yaml:3: actions.a.reviewers: 'an\\u200ba' holds the invisible character U+200B; write",
        ),
        (
            HEAD + READ + 'roles: {desk: ["an\\u3164a"]}\n',
            "catalogue.yaml:4: roles.desk: 'an\\u3164a' holds the invisible character U+3164; write the name",
        ),
        (
            HEAD + '  a:\n    tier: REVERSIBLE\n    says: "{{ x"\n',
            "catalogue.yaml:5: actions.a.says: '{{ x' is no template: ",
        ),
        (
            HEAD + '  a: {tier: REVERSIBLE, says: "{{ x | center(99) }}"}\n',
            "catalogue.yaml:3: actions.a.says: '{{ x | center(99) }}' is no template: No filter named",
        ),
        (
            HEAD + "  a: {tier: REVERSIBLE, says: {{ x }} }\n",
            "catalogue.yaml:3: actions.a.says: has a key that is no text; quote text with {{ }}",
        ),
        (
            HEAD + "  a: {tier: REVERSIBLE, undo: {action: b}, probe: c, after: [d]}\n",
            "catalogue.yaml:3: actions.a.after: 'd' is no action of this catalogue; add it under actions\n"
            "catalogue.yaml:3: actions.a.probe: 'c' is no action of this catalogue; add it under actions\n"
            "catalogue.yaml:3: actions.a.undo.action: 'b' is no action of this catalogue",
        ),
        (
            HEAD + "  a: {tier: REVERSIBLE, after: [a]}\n",
            "catalogue.yaml:3: actions.a.after: 'a' names the action itself; name another action",
        ),
        (
            HEAD + READ + "checks: {max_steps: {nope: 3}}\n",
            "catalogue.yaml:4: checks.max_steps: 'nope' is no action of this catalogue",
        ),
        (
            HEAD + READ + "limits: {open_gates: 0}\n",
            "catalogue.yaml:4: limits.open_gates: 0 is not allowed; it should be greater than or equal to 1",
        ),
        (
            HEAD + READ + "limits: {open_gate: 5}\n",
            "catalogue.yaml:4: limits.open_gate: is no known field; did you mean open_gates?",
        ),
        (
            HEAD + READ + "limits: {open_gates: 5, open_gates_of_proposer: 4}\n",
            "catalogue.yaml:4: limits.open_gates_of_proposer: 4 is less than open_gates, 5, of each of its"
            " agents; use 5 or more, or leave the field out",
        ),
        (
            HEAD + "  read: {tier: REVERSIBLE}\n" * 2,
            "catalogue.yaml:4: actions.read: stands here again",
        ),
        ("a: &bomb [1]\nb: *bomb\n", "catalogue.yaml:1: a: '&bomb' is an anchor; write the value out"),
        (
            "a: !!python/object:os.system x\n",
            "catalogue.yaml:1: a: 'x' has the tag or form tag:",
        ),
        ("a: [1\n", "catalogue.yaml:2: catalogue: is no YAML: expected ',' or ']'"),
        ("a: 1\n---\nb: 2\n", "catalogue.yaml:2: catalogue: is no YAML: but found another document"),
        ("[" * 3000, "catalogue.yaml:1: catalogue: is no YAML: RecursionError"),
        ("[" * 30 + "]" * 30, "is nested more than 20 deep; flatten it"),
        ("a: \0\n", "catalogue.yaml:1: catalogue: is no YAML: ReaderError"),
        ("x" * 1_000_001, "catalogue.yaml:1: catalogue: is 1000001 characters long; keep it below 1000000"),
        ("", "catalogue.yaml:1: catalogue: is no mapping; begin with version: 1 and actions:"),
        ("- 1\n", "catalogue.yaml:1: catalogue: is no mapping; begin with version: 1 and actions:"),
        ("version: " + "9" * 5000, "catalogue.yaml:1: version: '999"),
    ],
)
def test_a_fault_names_file_line_field_value_and_mend(text: str, said: str) -> None:
    assert said in "\n".join(faults(text))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("when: args.x >, tier: IRREVERSIBLE", "rules[0].when: 'args.x >' is no CEL: <input>:1:9: Syntax"),
        ("when: foo.x > 1, tier: IRREVERSIBLE", "rules[0].when: 'foo.x > 1' names the unknown variable foo"),
        ("when: shout(args), tier: IRREVERSIBLE", "'shout(args)' calls the unknown function shout"),
        ("when: 'true'", "rules[0]: 'r' asks for nothing; give it a tier, high_stakes, reviewers"),
        ("when: 'true', warn: '{{ who }} paid'", "rules[0].warn: '{{ who }} paid' names who; use {{ n }}"),
        ("when: 'true', actions: [nope], warn: x", "rules[0].actions: 'nope' is no action of this catalogue"),
        ("when: 'true', actions: [], warn: x", "rules[0].actions: [] is empty; name at least one or leave"),
    ],
)
def test_a_fault_in_a_rule_is_named(rule: str, said: str) -> None:
    text = f"{HEAD}{READ}rules:\n  - {{name: r, because: why, {rule}}}\n"
    (fault,) = faults(text)
    assert fault.startswith("catalogue.yaml:5: ")
    assert said in fault


def test_two_rules_of_one_name_are_refused() -> None:
    rule = "  - {name: r, when: 'true', warn: x, because: y}\n"
    (fault,) = faults(HEAD + READ + "rules:\n" + rule * 2)
    assert (
        fault == "catalogue.yaml:6: rules[1].name: 'r' stands here twice; give every rule a name of its own"
    )


def test_all_faults_are_told_at_once() -> None:
    assert len(faults(HEAD + "  a: {tier: x}\n  b: {tier: y, zzz: 1}\n")) == 3


def test_a_comprehension_may_name_its_own_variable() -> None:
    rule = "{name: r, when: 'args.items.exists(i, i.price > 3)', tier: IRREVERSIBLE, because: y}"
    assert office(f"rules: [{rule}]").rules[0].name == "r"


def test_the_given_name_stands_in_front_of_a_fault() -> None:
    with pytest.raises(CatalogueError, match=r"^here\.yaml:1: "):
        load_catalogue("", "here.yaml")


def test_the_office_loads() -> None:
    assert set(load_catalogue(OFFICE).actions) >= {"read", "mail"}
