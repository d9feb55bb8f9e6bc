"""Conditions: what CEL would let pass as a no, though nobody can tell, is a doubt; and work is bounded."""

from typing import Any

import pytest

from gate_events.words import Timing
from gate_policy.catalogue import load_catalogue
from gate_policy.cel_values import Budget
from gate_policy.check import check_catalogue
from gate_policy.conditions import ROUNDS, Condition, Verdict
from gate_policy.errors import ConditionFaultError
from gate_policy.judge import judge
from tests.policy.plans import HEAD, NOW, plan, step

YES, NO, DOUBT = Verdict.YES, Verdict.NO, Verdict.DOUBT


def verdict(source: str, listed: frozenset[str] | None = None, /, **args: Any) -> Verdict:
    facts: dict[str, Any] = {
        "args": args,
        "action": "pay",
        "plan": {"counts": {"pay": 2}},
        "agent": {},
        "step": {},
    }
    return Condition(source, listed).verdict(facts.__getitem__, Budget(ROUNDS))


@pytest.mark.parametrize("source", ['args.x == "paid"', 'args.x != "paid"', 'args.x in ["paid", "due"]'])
@pytest.mark.parametrize("given", [["paid"], {"paid": 1}, None, 1, True])
def test_a_comparison_with_another_type_is_a_doubt(source: str, given: Any) -> None:
    assert verdict(source, x=given) is DOUBT


@pytest.mark.parametrize(
    ("source", "args", "said"),
    [
        ("args.x == 1", {"x": 1.0}, YES),
        ("args.x == 1", {"x": "1"}, DOUBT),
        ("args.x == 1", {"x": True}, DOUBT),
        ('args.x == ["a"]', {"x": ["a"]}, YES),
        ('args.x == ["a"]', {"x": ["b", "c"]}, NO),
        ('args.x == ["a"]', {"x": [1]}, DOUBT),
        ('args.x == ["a", "b"]', {"x": ["z", 1]}, DOUBT),
        ('args.x == {"k": "v"}', {"x": {"k": 1}}, DOUBT),
        ('"a" in args.x', {"x": ["a", 1]}, YES),
        ('"a" in args.x', {"x": ["b"]}, NO),
        ('"a" in args.x', {"x": ["b", 1]}, DOUBT),
        ('"a" in args.x', {"x": "abc"}, DOUBT),
        ("args.x == null", {"x": "a"}, NO),
        ("args.x != null", {"x": "a"}, YES),
        ("args.x == null", {"x": None}, YES),
        ("args.x != null", {}, DOUBT),
    ],
)
def test_equality_and_membership(source: str, args: dict[str, Any], said: Verdict) -> None:
    assert verdict(source, **args) is said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("args.gone > 1 && false", DOUBT),
        ("args.gone > 1 || true", DOUBT),
        ("!(args.gone > 1 || true)", DOUBT),
        ("false && args.gone > 1", NO),
        ("true || args.gone > 1", YES),
        ("has(args.gone) && args.gone > 1", NO),
        ("has(args.gone) ? args.gone > 1 : false", NO),
        ("args.x && true", DOUBT),
        ("[1, 'z', 101].all(one, one < 100)", DOUBT),
        ("[1, 'z', 101].exists(one, one > 100)", DOUBT),
    ],
)
def test_what_is_missing_is_a_doubt_unless_has_stands_before_it(source: str, said: Verdict) -> None:
    assert verdict(source, x=1) is said


@pytest.mark.parametrize(
    ("text", "length"), [("\u0141\u00f3d\u017a", 4), ("\U0001f98a", 1), ("e\u0301", 2), ("", 0)]
)
def test_the_size_of_a_text_is_its_code_points(text: str, length: int) -> None:
    assert verdict(f"args.x.size() == {length} && size(args.x) == {length}", x=text) is YES


def test_size_of_a_number_is_a_doubt() -> None:
    assert verdict("size(args.x) > 3", x=1234) is DOUBT


@pytest.mark.parametrize(
    "source", ["has(args.amonut) && args.amonut > 9", '"amonut" in args && args.amonut > 9']
)
def test_asking_for_an_argument_that_no_action_takes_is_a_doubt(source: str) -> None:
    assert verdict(source, frozenset({"amount"}), amount=5000) is DOUBT
    assert verdict(source, frozenset({"amonut"}), amount=5000) is NO
    assert verdict(source, frozenset({"amount"}), amonut=5000) is YES


@pytest.mark.parametrize("source", ["has(args.amonut) && args.amonut > 9", "args.amonut > 9"])
def test_a_misspelt_argument_holds_the_plan_as_the_check_says(source: str) -> None:
    text = f"""{HEAD}  pay: {{tier: REVERSIBLE, arguments: [amount]}}
rules: [{{name: big, when: "{source}", actions: [pay], tier: IRREVERSIBLE, because: b}}]
"""
    found = judge(plan(step("s", "pay", amount=5000)), load_catalogue(text), now=NOW)
    assert found.timing is Timing.BEFORE
    (warning,) = check_catalogue(text, "c.yaml")
    assert "'amonut' is not among the arguments of pay" in str(warning)
    assert "where rule big needs it, it counts as met without it" in str(warning)


def test_has_of_what_cannot_be_told_from_a_misspelling_is_a_warning() -> None:
    text = f"""{HEAD}  pay: {{tier: REVERSIBLE}}
rules: [{{name: big, when: "has(args.amonut)", actions: [pay], tier: IRREVERSIBLE, because: b}}]
"""
    warning, _ = check_catalogue(text, "c.yaml")
    assert "'amonut' is asked for by has(), and pay does not list its arguments" in str(warning)


@pytest.mark.parametrize(
    ("source", "args", "said"),
    [
        ("args.x.map(i, i * 2).filter(i, i > 2) == [4, 6]", {"x": [1, 2, 3]}, YES),
        ("args.x.exists_one(i, i == 2)", {"x": [1, 2, 3]}, YES),
        ("args.x.filter(i, i > 1).map(i, i + 1).size() == 2", {"x": [1, 2, 3]}, YES),
        ("plan.counts.all(k, k.startsWith('p')) && 'pay' in plan.counts", {}, YES),
        ("args.all(k, k in ['x', 'y'])", {"x": 1, "z": 2}, NO),
        ("args.x in {'a': 1, 'b': 2}", {"x": "b"}, YES),
        ("type(args.x) != list || args.x.size() > 2", {"x": {"0": "a"}}, YES),
        ("bytes(args.x) == b'paid' && size(bytes(args.x)) == 4", {"x": "paid"}, YES),
        ("args.x.exists(i, i.price > 3)", {"x": [{"price": 1}, {"cost": 9}]}, DOUBT),
        ('timestamp(args.x) < timestamp("2027-01-01T00:00:00Z")', {"x": "2026-01-01T03:00:00Z"}, YES),
        ("timestamp(args.x).getHours() == 3", {"x": "2026-01-01T03:00:00Z"}, YES),
        ('timestamp(args.x) - timestamp(args.x) == duration("0s")', {"x": "2026-01-01T03:00:00Z"}, YES),
        ('duration(args.x) > duration("20m")', {"x": "30m"}, YES),
        ("type(args.x) == string", {"x": "a"}, YES),
        ("type(args.x) == list", {"x": "a"}, NO),
        ('args.x.matches("^a+$")', {"x": "aaa"}, YES),
        ('args.x.contains("b")', {"x": 7}, DOUBT),
        ("int(args.x) > 3", {"x": "4"}, YES),
        ("int(args.x) > 3", {"x": "four"}, DOUBT),
        ("args.x + 1 > 3", {"x": 2**63 - 1}, DOUBT),
        ("args.x / 0 > 1", {"x": 1}, DOUBT),
        ("-7 / 2 == -3 && -7 % 2 == -1 && -args.x == 7", {"x": -7}, YES),
        ("args.x[1] == 2 && args.x[0] < 2", {"x": [1, 2]}, YES),
        ("args.x[-1] == 2", {"x": [1, 2]}, DOUBT),
        ('args["first-name"] == "eva"', {"first-name": "eva"}, YES),
        ('plan.counts["pay"] > 1', {}, YES),
    ],
)
def test_standard_functions_and_macros_work(source: str, args: dict[str, Any], said: Verdict) -> None:
    assert verdict(source, **args) is said


@pytest.mark.parametrize(
    ("source", "given", "said"),
    [
        ("dyn(args.x).size() > 5", list(range(100)), YES),
        ("size(dyn(args.x)) > 5", {str(at): at for at in range(100)}, YES),
        ("dyn(args).x.size() > 5", list(range(100)), YES),
        ("dyn(dyn(args).x)[0] == 'eve'", ["eve"], YES),
        ("dyn(args.x).exists(one, one == 'eve')", ["eve"], YES),
        ("'eve' in dyn(args.x)", ["eve"], YES),
        ("dyn(args.x) == ['eve']", ["eve"], YES),
        ("dyn(args.x).y > 5", {"y": 10}, YES),
        ("has(dyn(args.x).y)", {"y": 10}, YES),
        ("dyn(args.x) == 'eve'", ["eve"], DOUBT),
        ("type(dyn(args.x)) == list", ["eve"], YES),
        ("string(args.x) == 'eve'", ["eve"], DOUBT),
        ("args.x + dyn('eve') == 'eve'", [], DOUBT),
    ],
)
def test_dyn_changes_nothing_and_no_function_takes_a_list_or_map_for_an_empty_one(
    source: str, given: Any, said: Verdict
) -> None:
    assert verdict(source, x=given) is said


@pytest.mark.parametrize("source", ["has(dyn(args).amonut)", '"amonut" in dyn(args)', "dyn(args).amonut > 9"])
def test_an_argument_that_no_action_takes_is_seen_behind_dyn(source: str) -> None:
    assert verdict(source, frozenset({"amount"}), amount=5000) is DOUBT
    assert Condition(source).arguments == {"amonut"}


@pytest.mark.parametrize(
    "source",
    [
        "args.x.exists(one, one == 'eve')",
        "!args.x.all(one, one.endsWith('@example.com'))",
        "args.x.exists_one(one, one == 'eve')",
        "args.x.filter(one, one == 'eve') != []",
        "args.x.map(one, one).size() > 5",
        "'eve' in args.x",
        "[args.x].exists(one, 'eve' in one)",
    ],
)
def test_a_map_in_the_place_of_a_list_is_a_doubt(source: str) -> None:
    assert verdict(source, x={"a@example.com": "eve"}) is DOUBT
    assert verdict(source, x=["a@example.com"]) is NO


@pytest.mark.parametrize(
    "source",
    [
        "double(args.x) > 100.0",
        "!(double(args.x) <= 100.0)",
        "double(args.x) == 100.0",
        "double(args.x) != 100.0",
        "double(args.x) in [100.0]",
        "[double(args.x)].exists(one, one > 100.0)",
        "0.0 / double(args.zero) > 100.0",
    ],
)
@pytest.mark.parametrize("text", ["nan", "NaN", "-nan"])
def test_a_comparison_with_what_is_no_number_is_a_doubt(source: str, text: str) -> None:
    assert verdict(source, x=text, zero="0") is DOUBT


def test_a_number_without_end_compares_as_one() -> None:
    assert verdict("double(args.x) > 100.0", x="inf") is YES
    assert verdict("double(args.x) > 100.0", x="-inf") is NO


@pytest.mark.parametrize(
    "source",
    [
        "args.x.all(i, args.x.all(j, j >= 0))",
        "args.x.all(i, i in args.x)",
        "args.x.all(i, args.x == args.x)",
        "args.x.all(i, args.text.contains('b') || true)",
    ],
)
def test_work_that_grows_beyond_the_budget_is_a_doubt(source: str) -> None:
    small, large = list(range(10)), list(range(2_000))
    assert verdict(source, x=small, text="a") is YES
    assert verdict(source, x=large, text="a" * 100_000) is DOUBT


def test_all_steps_and_rules_of_a_plan_share_one_budget() -> None:
    text = f"""{HEAD}  look: {{tier: REVERSIBLE}}
rules: [{{name: r, when: "args.x.exists(i, args.x.exists(j, j < 0))", tier: IRREVERSIBLE, because: b}}]
"""
    catalogue = load_catalogue(text)
    steps = [step(f"s{at}", "look", x=list(range(400)), at=at) for at in range(4)]
    assert judge(plan(*steps[:3]), catalogue, now=NOW).timing is None
    assert judge(plan(*steps), catalogue, now=NOW).timing is Timing.BEFORE


@pytest.mark.parametrize(
    "when", ["plan.goal.matches('(?i)delete.*all') && args.at < 0", "plan.goal.contains(args.word)"]
)
def test_long_texts_of_the_plan_are_counted_for_each_step_outside_of_macros_too(when: str) -> None:
    text = f"""{HEAD}  look: {{tier: REVERSIBLE}}
rules: [{{name: r, when: "{when}", tier: IRREVERSIBLE, because: b}}]
"""
    catalogue = load_catalogue(text)
    steps = [step(f"s{at}", "look", at=at, word=f"all {at}") for at in range(400)]
    for goal, timing in (("delete " * 1_400, None), ("delete " * 14_000, Timing.BEFORE)):
        assert judge(plan(*steps, goal=goal), catalogue, now=NOW).timing is timing
    assert judge(plan(*steps[:300], goal="delete " * 14_000), catalogue, now=NOW).timing is None


def test_what_a_condition_reads_of_its_own_step_is_not_counted_outside_of_macros() -> None:
    facts = {"args": {"text": "a" * 100_000}, "plan": {"goal": "a" * 100_000}}
    for source, said in (("args.text.contains('b')", NO), ("plan.goal.contains('b')", DOUBT)):
        assert Condition(source).verdict(facts.__getitem__, Budget(1_000)) is said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("foo.x > 1", "names the unknown variable foo"),
        ("args.x\n > foo", "names the unknown variable foo"),
        ("args.shout(1)", "calls the unknown function shout"),
        ('plan.gaol == ""', "names the unknown field plan.gaol"),
        ("has(agent.modle)", "names the unknown field agent.modle"),
        ('1 == "a"', "is no CEL"),
        ("args.x > 5u", "has an unsigned number"),
        ("(" * 1500, "is no CEL"),
        ("args.x == " + "a" * 5000, "is 5010 characters long"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused(source: str, said: str) -> None:
    with pytest.raises(ConditionFaultError) as caught:
        Condition(source)
    assert caught.value.fault.startswith(said)
