"""What docs/contracts.md says is what the code does."""

import hashlib
import re
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from gate_events.codec import decode, encode
from gate_events.contracts import file_name
from gate_events.digest import plan_digest
from gate_events.headers import cloud_event
from gate_events.records import DeadLetter, PlanProposed
from gate_events.topics import TOPICS, Topic
from gate_events.verdict_words import sentence_on
from gate_events.words import GateState, known
from tests.events.samples import SMALL_PLAN

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contracts.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks whose opening line says exactly `language`."""
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def rows(*heads: str) -> list[list[str]]:
    """The cells of the table with these column heads."""
    head = "| " + " | ".join(heads) + " |\n"
    _, found, rest = TEXT.partition(head)
    assert found, f"no table {head}"
    lines = rest.split("\n\n")[0].splitlines()[1:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines]


def bytes_in(dump: str) -> bytes:
    """The bytes of an annotated dump: the pairs of hex digits that begin each line, up to two blanks."""
    return bytes.fromhex(" ".join(line.split("  ")[0] for line in dump.splitlines()))


def test_the_python_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    document = Sybil([PythonCodeBlockParser()]).parse(PAGE)
    examples = list(document.examples())
    assert len(examples) == TEXT.count("\n```python\n") == 3
    for example in examples:
        example.evaluate()
    assert document.namespace["record"] == encode(SMALL_PLAN)


def test_the_dump_is_what_the_codec_writes() -> None:
    (single_object,) = blocks("hexdump")
    (confluent,) = blocks("hexdump confluent")
    assert bytes_in(single_object) == encode(SMALL_PLAN)
    assert bytes_in(confluent) + bytes_in(single_object)[10:] == encode(SMALL_PLAN, 7)


def test_the_words_beside_the_dump_are_its_bytes() -> None:
    quoted = re.findall(r"^((?:[0-9a-f]{2} )+) +[a-z_.]+ \"(.+)\"$", blocks("hexdump")[0], re.MULTILINE)
    assert [word for _, word in quoted] == ["svc-billing", "biller", "remind", "mail-1", "email.send"]
    for pairs, word in quoted:
        assert bytes.fromhex(pairs)[1:].decode() == word


def test_the_plan_in_json_is_the_plan_of_the_dump() -> None:
    (plan,) = blocks("json plans")
    assert decode(plan.encode(), PlanProposed) == SMALL_PLAN


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_json_record_is_one_of_its_topic(topic: Topic) -> None:
    for block in blocks(f"json {topic.name}"):
        assert type(decode(block.encode(), topic.record)) is topic.record


def test_no_json_block_goes_unchecked() -> None:
    known = {"canonical", *(topic.name for topic in TOPICS)}
    found = set(re.findall(r"^```json ?(.*)$", TEXT, re.MULTILINE))
    assert {"canonical", "plans", "decisions", "outcomes", "incidents"} <= found <= known


def test_the_canonical_json_has_the_digest_that_is_said() -> None:
    (canonical,) = blocks("json canonical")
    digest = hashlib.sha256(canonical.rstrip("\n").encode()).hexdigest()
    assert digest == plan_digest(SMALL_PLAN.plan_id, 1, SMALL_PLAN.steps, None)
    assert f"its digest `{digest}`" in TEXT


def test_the_table_of_topics_is_the_codes() -> None:
    table = rows("topic", "key", "record", "contract", "written by")
    assert [(name, record.split(",")[0], contract) for name, _, record, contract, _ in table] == [
        (topic.name, topic.record.__name__, file_name(topic.record)) for topic in TOPICS
    ]
    assert {key for _, key, *_ in table[:7]} == {"plan id"}


def test_the_headers_are_the_codes() -> None:
    said = re.findall(r"^\| `(ce_\w+|content-type|traceparent)` \|", TEXT, re.MULTILINE)
    assert said == [name for name, _ in cloud_event(SMALL_PLAN, "svc-billing")]


def test_the_headers_of_a_dead_letter_are_its_contracts_fields() -> None:
    said = re.findall(r"^\| `(plangate_\w+)` \|", TEXT, re.MULTILINE)
    assert said == [f"plangate_{name}" for name in DeadLetter.__struct_fields__]


def test_what_to_say_of_a_verdict_is_what_we_say() -> None:
    ends = (state for state in known(GateState) if state is not GateState.PENDING)
    assert rows("`state`", "say") == [[state.value, sentence_on(state)] for state in ends]
