"""Each record type and its contract say the same, and each contract explains itself."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gate_events.contracts import Contract, contract_of, file_name, folder, older
from gate_events.topics import TOPICS
from tests.events.expected_avro import expected_contract

RECORDS = [topic.record for topic in TOPICS]
every_record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)


@every_record
def test_a_contract_has_exactly_its_records_fields_types_defaults_and_symbols(record: type[Any]) -> None:
    assert _without_docs(contract_of(record).source) == expected_contract(record)


@every_record
def test_every_record_field_and_enum_of_a_contract_has_a_doc_string(record: type[Any]) -> None:
    silent = [
        part["name"] for part in _described(contract_of(record).source) if not part.get("doc", "").strip()
    ]
    assert silent == []


def test_a_part_that_several_contracts_share_is_the_same_in_all_of_them() -> None:
    seen: dict[str, Any] = {}
    for record in RECORDS:
        for part in _named_types(contract_of(record).source):
            own = {**part, "fields": _naming(part.get("fields"))}
            assert seen.setdefault(part["name"], own) == own, f"{part['name']} differs in {record.__name__}"
    assert {"Step", "Agent", "RunIdentity", "Review", "Terms", "Group", "Finding"} <= seen.keys()


def test_every_contract_file_belongs_to_a_topic() -> None:
    of_records = {file_name(record) for record in RECORDS}
    assert {path.name for path in folder().glob("*.avsc")} == of_records


@pytest.mark.parametrize("before", older(), ids=lambda before: before.name)
def test_a_contract_only_added_fields_with_a_default_and_words(before: Contract) -> None:
    (now,) = (contract_of(record) for record in RECORDS if record.__name__ == before.name)
    assert _only_adds(_without_docs(before.source), _without_docs(now.source))


def _only_adds(before: Any, now: Any) -> bool:
    if isinstance(before, list):
        return len(before) == len(now) and all(map(_only_adds, before, now))
    if not isinstance(before, dict):
        return bool(before == now)
    if before.get("type") == "enum":
        return bool(now["symbols"][: len(before["symbols"])] == before["symbols"])
    fields = now.get("fields", [])
    old = len(before.get("fields", []))
    return all("default" in field for field in fields[old:]) and all(
        _only_adds(part, now[key][:old] if key == "fields" else now[key]) for key, part in before.items()
    )


def test_every_record_type_travels_on_one_topic() -> None:
    assert len(set(RECORDS)) == len(RECORDS) == len({topic.name for topic in TOPICS})


@every_record
def test_a_contract_names_the_topic_that_carries_it(record: type[Any]) -> None:
    topic = next(topic.name for topic in TOPICS if topic.record is record)
    assert f"Topic: {topic}" in contract_of(record).source["doc"]


def test_contracts_are_written_as_one_writes_json_by_hand() -> None:
    for path in folder().glob("**/*.avsc"):
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def _without_docs(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_docs(part) for part in schema]
    if isinstance(schema, dict):
        return {key: _without_docs(part) for key, part in schema.items() if key != "doc"}
    return schema


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a schema, itself included; defaults are data, not schema."""
    if isinstance(schema, list):
        for part in schema:
            yield from _parts(part)
    elif isinstance(schema, dict):
        yield schema
        for key in ("fields", "items", "type"):
            yield from _parts(schema.get(key))


def _naming(schema: Any) -> Any:
    """A schema with the name of each named type in place of its first, written out, occurrence."""
    if isinstance(schema, list):
        return [_naming(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in ("record", "enum"):
        return schema["name"]
    return {key: _naming(part) for key, part in schema.items()}


def _described(schema: Any) -> Iterator[dict[str, Any]]:
    return (part for part in _parts(schema) if "name" in part)


def _named_types(schema: Any) -> Iterator[dict[str, Any]]:
    return (part for part in _parts(schema) if part.get("type") in ("record", "enum"))
