"""The next version of the contracts is read whole, and nothing of it is written yet."""

import json
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import fastavro
import msgspec
import pytest
from msgspec.structs import replace

from gate_events.codec import decode, encode, to_json
from gate_events.contracts import SINGLE_OBJECT, contract_of, reader_of, writer_of
from gate_events.errors import UndecodableError, UnencodableError
from gate_events.records import (
    ApprovalRequested,
    AutonomyChanged,
    DecisionMade,
    PlanCleared,
    PlanDecided,
    PlanExecuted,
    PlanProposed,
)
from gate_events.today import as_today
from gate_events.topics import TOPICS
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus, StepStatus, Tier
from tests.events.next_samples import NEXT, NEXT_SAMPLES, ORDERED
from tests.events.samples import SAMPLES

OF: dict[type[Any], Any] = {type(sample): sample for sample in SAMPLES}
NAMED = {topic.record.__name__: topic.record for topic in TOPICS}
FROZEN = Path(__file__).parents[1] / "upgrade" / "frozen"
RECORDS = [json.loads(line) for file in sorted(FROZEN.glob("*.records")) for line in file.open()]
every_next = pytest.mark.parametrize("record", NEXT_SAMPLES, ids=lambda record: type(record).__name__)
every_frozen = pytest.mark.parametrize("frozen", RECORDS, ids=[each["record"] for each in RECORDS])


def written_with(schema: Any, record: Any) -> bytes:
    """The body of a record, as a writer of that contract makes it."""
    out = BytesIO()
    plain = msgspec.to_builtins(record, builtin_types=(UUID, datetime))
    fastavro.schemaless_writer(out, schema, plain, disable_tuple_notation=True)
    return out.getvalue()


@every_next
def test_a_record_of_the_next_version_is_read_with_all_it_says(record: Any) -> None:
    newest = reader_of(type(record))
    body = written_with(newest.parsed, record)
    assert decode(SINGLE_OBJECT + newest.fingerprint + body, type(record)) == record
    registered = writer_of(json.dumps(newest.source))
    assert decode(b"\0\0\0\0\7" + body, type(record), {7: registered}.__getitem__) == record


@every_next
def test_plain_json_says_all_of_the_next_version(record: Any) -> None:
    assert decode(to_json(record), type(record)) == record


@every_frozen
def test_what_is_written_is_byte_for_byte_what_earlier_code_wrote(frozen: dict[str, Any]) -> None:
    record = decode(bytes.fromhex(frozen["bytes"]), NAMED[frozen["record"]])
    assert encode(record).hex() == frozen["bytes"]
    assert json.loads(to_json(record)) == frozen["says"]


@pytest.mark.parametrize("record", SAMPLES, ids=lambda record: type(record).__name__)
def test_a_stored_row_holds_no_member_that_earlier_code_refuses(record: Any) -> None:
    assert msgspec.json.encode(as_today({"record": record})) == b'{"record":' + to_json(record) + b"}"
    assert "after" not in (msgspec.json.decode(to_json(record)).get("steps") or [{}])[0]


SILENT = [(kind, name, value) for kind, said in NEXT.items() for name, value in said.items()]
LEFT_OUT = ("signature", "evidence", "review_digest", "seen_at", "review")


@pytest.mark.parametrize(
    ("kind", "name", "value"), [each for each in SILENT if each[1] not in LEFT_OUT], ids=str
)
def test_what_todays_contract_cannot_say_is_refused_and_never_lost(
    kind: type[Any], name: str, value: Any
) -> None:
    with pytest.raises(UnencodableError, match=f"{kind.__name__} cannot be written: .*({name}|after)"):
        encode(replace(OF[kind], **{name: value}))


@pytest.mark.parametrize(("kind", "name", "value"), [each for each in SILENT if each[1] in LEFT_OUT], ids=str)
def test_what_nothing_rests_on_is_left_out(kind: type[Any], name: str, value: Any) -> None:
    assert encode(replace(OF[kind], **{name: value})) == encode(OF[kind])


@pytest.mark.parametrize(
    ("record", "field", "word"),
    [
        (DecisionMade, "kind", DecisionKind.UNKNOWN),
        (DecisionMade, "decider", DeciderKind.LINK),
        (PlanExecuted, "status", OutcomeStatus.BEGUN),
        (PlanCleared, "tier", Tier.UNKNOWN),
    ],
)
def test_a_new_word_is_refused_with_the_words_that_there_are(
    record: type[Any], field: str, word: Any
) -> None:
    said = f"{field}: the contract has no word '{word.value}'; it has "
    with pytest.raises(UnencodableError, match=said):
        encode(replace(OF[record], **{field: word}))


def test_a_word_of_a_later_version_is_read_as_unknown() -> None:
    later = json.loads(json.dumps(reader_of(PlanExecuted).source).replace('"SKIPPED"', '"SKIPPED", "HALF"'))
    parsed = fastavro.parse_schema(later)
    plain = msgspec.to_builtins(OF[PlanExecuted], builtin_types=(UUID, datetime))
    out = BytesIO()
    plain = {**plain, "results": [{**plain["results"][0], "status": "HALF", "result": "null"}]}
    fastavro.schemaless_writer(out, parsed, plain, disable_tuple_notation=True)
    read = decode(b"\0\0\0\0\7" + out.getvalue(), PlanExecuted, {7: writer_of(json.dumps(later))}.__getitem__)
    assert [result.status for result in read.results] == [StepStatus.UNKNOWN]


@pytest.mark.parametrize("field", ["kind", "timing"])
def test_a_gate_of_an_unknown_kind_or_timing_is_undecodable(field: str) -> None:
    plain = {**json.loads(to_json(OF[ApprovalRequested])), field: "UNKNOWN"}
    with pytest.raises(UndecodableError, match=f"{field} UNKNOWN: a gate of it cannot be opened; upgrade"):
        decode(json.dumps(plain).encode(), ApprovalRequested)


def test_a_pause_of_an_unknown_kind_is_undecodable() -> None:
    plain = json.loads(to_json(OF[PlanProposed]))
    plain["run"]["kind"] = "UNKNOWN"
    with pytest.raises(UndecodableError, match="kind UNKNOWN: upgrade this worker"):
        decode(json.dumps(plain).encode(), PlanProposed)


@pytest.mark.parametrize("after", [["late"], ["note"], ["nobody"]], ids=["later", "itself", "no step"])
def test_a_step_is_only_after_steps_that_stand_before_it(after: list[str]) -> None:
    plain = json.loads(to_json(replace(OF[PlanProposed], steps=ORDERED)))
    plain["steps"][1]["after"] = after
    said = f"step 'note' is after '{after[0]}', which does not stand before it in the plan; name step ids"
    with pytest.raises(UndecodableError, match=said):
        decode(json.dumps(plain).encode(), PlanProposed)


def test_what_is_left_out_is_read_with_its_default() -> None:
    kinds: list[Any] = [PlanCleared, PlanDecided, PlanExecuted]
    for kind in kinds:
        assert decode(encode(OF[kind]), kind).attempt == 1
    assert decode(encode(OF[AutonomyChanged]), AutonomyChanged).evidence is None


def test_only_contracts_that_change_have_a_next_version() -> None:
    same = {record for record in OF if reader_of(record) is contract_of(record)}
    assert {record.__name__ for record in same} == {"PolicyKept", "DeadLetter"}
