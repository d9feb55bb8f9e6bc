"""docs/catalogue.md: its example loads and judges as the text says, and its tables name every field."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from gate_events.words import Timing
from gate_policy import entries
from gate_policy.catalogue import load_catalogue
from gate_policy.check import check_catalogue
from gate_policy.judge import judge
from gate_policy.templates import FILTERS
from tests.policy.plans import NOW, plan, step

TEXT = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_the_worked_example_is_sound_and_judges_as_the_text_says() -> None:
    assert {problem.severity for problem in check_catalogue(EXAMPLE, "docs.yaml")} == {"note"}
    catalogue = load_catalogue(EXAMPLE)
    small, large, vague = (
        judge(plan(step("c", "apply_credit", customer="c", **more)), catalogue, now=NOW)
        for more in ({"amount": 20}, {"amount": 200}, {})
    )
    assert small.timing is Timing.AFTER
    for held in (large, vague):
        assert held.timing is Timing.BEFORE
        assert held.review is not None
        assert held.review.terms.reviewers == ("ana",)


@pytest.mark.parametrize(
    "model",
    [
        entries.CatalogueEntry,
        entries.DefaultsEntry,
        entries.ActionEntry,
        entries.RuleEntry,
        entries.ChecksEntry,
        entries.LimitsEntry,
    ],
)
def test_the_reference_names_every_field(model: type[BaseModel]) -> None:
    reference = TEXT.partition("## Reference")[2]
    named = set(re.findall(r"[`.]([a-z_]+)(?=[`.])", reference))
    assert set(model.model_fields) - named == set()


def test_the_reference_names_every_filter() -> None:
    listed = TEXT.partition("the filters are ")[2].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == FILTERS - {"d"}
