"""docs/reading-a-request.md: its view shows everything of a request, and its digest is the request's."""

import io
import json
from typing import Any

import fastavro
import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from gate_events.codec import encode
from gate_events.records import ApprovalRequested
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from tests.docs.markdown import ROOT
from tests.policy.plans import NOW, plan, step

CATALOGUE = load_catalogue("""
version: 1
mode: tiered
actions:
  pay: {tier: IRREVERSIBLE, says: "Pay {{ amount }} EUR to {{ to }}", arguments: [to, amount, note]}
rules:
  - {name: large, when: 'args.amount > 100', warn: "{{ n }} above 100 EUR", because: "finance decides on it"}
""")
HIDDEN = "agreed\nby \u202ephone"


def request_of(*steps: Any) -> ApprovalRequested:
    asked = route(plan(*steps, goal=HIDDEN), CATALOGUE, now=NOW)
    assert isinstance(asked, ApprovalRequested)
    return asked


def as_any_reader_gives_it(asked: ApprovalRequested) -> Any:
    schema = fastavro.parse_schema(json.loads((ROOT / "schemas" / "approval_requested.avsc").read_text()))
    return fastavro.schemaless_reader(io.BytesIO(encode(asked)[10:]), schema)


def test_the_view_shows_everything_and_its_digest_is_the_requests(capsys: pytest.CaptureFixture[str]) -> None:
    asked = request_of(
        step("a", "pay", to="ann", amount=20, note="as every month"), step("b", "pay", to="bob", amount=200)
    )
    document = Sybil([PythonCodeBlockParser()]).parse(ROOT / "docs" / "reading-a-request.md")
    document.namespace["request"] = as_any_reader_gives_it(asked)
    examples = list(document.examples())
    assert len(examples) == 2
    for example in examples:
        example.evaluate()
    assert capsys.readouterr().out.splitlines() == [
        'biller wants: "agreed\\nby \\u202ephone"',
        "! 1 above 100 EUR (b)",
        "* Pay 200 EUR to bob [IRREVERSIBLE]",
        "    b {}",
        "* Pay 20 EUR to ann [IRREVERSIBLE]",
        '    a {"note": "as every month"}',
        *(f"because {reason}" for reason in asked.review.reasons),
        "1 of anyone but the proposer and the agent, until 2026-03-02 16:30 UTC",
    ]
