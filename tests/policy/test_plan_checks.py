"""The plan checks: what they find, which steps they name, and that doubt holds the plan."""

from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from gate_events.digest import step_digest
from gate_events.values import Finding, Step
from gate_events.words import Timing
from gate_policy.effects import EffectKey, PriorEffect, effect_keys
from gate_policy.judge import judge
from tests.policy.plans import NOW, OTHER_PLAN, PLAN, mail, office, plan, step

HOUR = timedelta(hours=1)
OTHERS = mail("their", "eva")


def found(*steps: Any, more: str = "", prior: Any = None, **fields: Any) -> tuple[Finding, ...]:
    """The findings of a plan; where there are any, but for a missing undo, it is held."""
    judgement = judge(plan(*steps, **fields), office(more), now=NOW, prior=prior or {})
    findings = judgement.review.findings if judgement.review else ()
    if any(finding.check != "missing undo" for finding in findings):
        assert judgement.timing is Timing.BEFORE
    return findings


def only(check: str, *steps: Any, **more: Any) -> Finding:
    (finding,) = found(*steps, **more)
    assert finding.check == check
    return finding


def tag(name: str, who: str, **more: Any) -> Any:
    return step(name, "tag", who=who, tag="late", **more)


def test_a_plan_in_order_has_no_findings() -> None:
    assert found(step("r", "read", file="a"), tag("t", "eva"), mail("m", "eva")) == ()


def test_an_unknown_action_is_found() -> None:
    finding = only("unknown action", step("x", "launch", where="moon"), step("y", "launch"), tag("t", "eva"))
    assert finding.text == "launch is not in the catalogue (2 steps)"
    assert finding.step_ids == ("x", "y")


def test_duplicate_steps_are_found_whatever_the_order_of_their_arguments() -> None:
    twin = step("c", "tag", tag="late", who="eva")
    finding = only("duplicate steps", tag("a", "eva"), tag("b", "ben"), twin)
    assert finding.text == "2 steps do exactly the same: Tag eva as late"
    assert finding.step_ids == ("a", "c")


@pytest.mark.parametrize("amounts", [(1, 1.0), (10**15, 1e15)])
def test_numbers_that_are_equal_in_json_make_duplicates(amounts: tuple[float, float]) -> None:
    steps = [tag(f"t{at}", "eva", amount=amount) for at, amount in enumerate(amounts)]
    assert only("duplicate steps", *steps).step_ids == ("t0", "t1")


def test_true_and_one_are_not_the_same() -> None:
    assert found(tag("a", "eva", count=True), tag("b", "eva", count=1)) == ()


def test_a_harmless_action_may_be_repeated() -> None:
    assert found(step("a", "read", file="x"), step("b", "read", file="x")) == ()
    assert only("duplicate steps", step("a", "note", text="x"), step("b", "note", text="x"))


def test_the_search_for_duplicates_can_be_turned_off() -> None:
    assert found(tag("a", "eva"), tag("b", "eva"), more="checks: {duplicates: false}\n") == ()


def test_more_steps_than_allowed_are_found() -> None:
    steps = [tag(f"t{at}", f"who {at}") for at in range(3)]
    limit = "checks: {max_steps: {tag: 2}}\n"
    finding = only("blast radius", *steps, more=limit)
    assert finding.text == "3 steps of tag, more than the 2 allowed at once"
    assert finding.step_ids == ("t0", "t1", "t2")
    assert found(*steps[:2], more=limit) == ()
    assert only("blast radius", *steps, more='checks: {max_steps: {"*": 2}}\n')
    assert found(*steps, more='checks: {max_steps: {"*": 2, tag: 3}}\n') == ()


ORDER = "  refund: {tier: PARTIALLY_REVERSIBLE, undo: {action: tag}, after: [read]}\n"


def test_a_step_before_the_one_it_needs_is_found() -> None:
    read, refund = step("r", "read", file="a"), step("b", "refund")
    assert found(read, refund, more=ORDER) == ()
    late = only("wrong order", refund, read, more=ORDER)
    assert late.text == "refund must come after read, which comes only later in this plan (1 step)"
    assert late.step_ids == ("b",)
    never = only("wrong order", refund, more=ORDER)
    assert never.text == "refund must come after read, which is not in this plan (1 step)"


def test_a_tier_2_action_without_undo_is_named_but_not_held() -> None:
    judgement = judge(plan(step("u", "open")), office(), now=NOW)
    assert judgement.review is not None
    (finding,) = judgement.review.findings
    assert (finding.check, finding.step_ids) == ("missing undo", ("u",))
    assert judgement.timing is Timing.AFTER


def test_an_open_doubt_in_the_catalogue_holds_the_plan() -> None:
    more = '  fetch: {tier: REVERSIBLE, settle: "does it only read?"}\n'
    finding = only("unsettled", step("f", "fetch"), more=more)
    assert finding.text == "fetch has an open doubt in the catalogue: does it only read?"


def test_effect_keys_are_what_the_ledger_looks_up() -> None:
    steps = [tag("t", "eva"), mail("m", "eva"), step("x", "launch"), step("lost", "mail", subject="no to")]
    assert effect_keys(steps, office()) == [EffectKey("m", "mail:eva", 86_400)]


def test_a_long_effect_key_is_held_by_its_digest() -> None:
    one, other = effect_keys([mail("a", "x" * 300), mail("b", "x" * 299 + "y")], office())
    assert one.key.startswith("sha256:")
    assert len(one.key) < 100
    assert one.key != other.key


def prior(
    key: str, at: datetime, by: UUID = OTHER_PLAN, did: Step = OTHERS, waits: bool = False
) -> dict[str, PriorEffect]:
    return {key: PriorEffect(key, at, by, step_digest(by, did), waits)}


def test_an_effect_done_within_its_window_is_found() -> None:
    steps = [mail("a", "eva"), mail("b", "ben")]
    finding = only("already done", *steps, prior=prior("mail:eva", NOW - 23 * HOUR))
    assert finding.text == (
        "1 of 2 steps of mail repeat what was already done within 24 hours (last 2026-03-01 09:30 UTC)"
    )
    assert finding.step_ids == ("a",)
    assert found(*steps, prior=prior("mail:eva", NOW - 24 * HOUR)) == ()
    assert found(*steps, prior=prior("mail:zoe", NOW)) == ()


def test_the_time_of_an_earlier_effect_is_told_in_utc() -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(2 * HOUR))
    assert (
        "(last 2026-03-02 07:00 UTC)"
        in only("already done", mail("a", "eva"), prior=prior("mail:eva", at)).text
    )


def test_an_effect_from_a_clock_that_runs_ahead_is_found() -> None:
    assert only("already done", mail("a", "eva"), prior=prior("mail:eva", NOW + 5 * HOUR))


def test_a_redelivered_plan_does_not_meet_itself_but_a_revision_does() -> None:
    own = prior("mail:eva", NOW - HOUR, PLAN, mail("a", "eva"))
    assert found(mail("a", "eva"), prior=own) == ()
    assert only("already done", mail("a", "eva"), prior=own, revision=2)


@pytest.mark.parametrize("again", [mail("b", "eva"), mail("a", "eva", "another subject")])
def test_the_same_plan_does_not_do_an_effect_again_under_another_step_or_content(again: Step) -> None:
    own = prior("mail:eva", NOW - HOUR, PLAN, mail("a", "eva"))
    assert only("already done", again, prior=own)


def test_what_a_waiting_plan_asks_for_too_is_found_however_long_it_waits() -> None:
    steps = [mail("a", "eva"), mail("b", "ben")]
    finding = only("already asked", *steps, prior=prior("mail:eva", NOW - 99 * HOUR, waits=True))
    assert finding.text == (
        f"what 1 of 2 steps of mail do is also asked in plan {OTHER_PLAN} that waits for its decision"
    )
    assert finding.step_ids == ("a",)


def test_a_plan_does_not_wait_for_itself() -> None:
    own = prior("mail:eva", NOW, PLAN, waits=True)
    assert found(mail("a", "eva"), prior=own) == ()
    assert found(mail("b", "eva"), prior=own, revision=2) == ()


def test_one_effect_twice_in_a_plan_is_found() -> None:
    finding = only(
        "same effect twice", mail("a", "eva", "hello"), mail("b", "eva", "again"), mail("c", "ben")
    )
    assert finding.text == "2 steps have the same effect: Mail eva: hello"
    assert finding.step_ids == ("a", "b")


def test_a_duplicate_with_one_effect_is_found_once() -> None:
    finding = only("duplicate steps", mail("a", "eva"), mail("b", "eva"))
    assert finding.step_ids == ("a", "b")


def test_an_effect_that_cannot_be_told_is_found() -> None:
    finding = only("effect unknown", step("m", "mail", subject="x"))
    assert finding.text == "1 step of mail without the argument that tells whether it was already done"
    assert finding.step_ids == ("m",)
