"""Every version that readers still take is read by today's readers."""

import json
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import fastavro
import msgspec
import pytest

from gate_events import contracts
from gate_events.codec import decode, encode
from gate_events.contracts import SINGLE_OBJECT, contract_of, older
from gate_events.errors import UndecodableError
from gate_events.topics import TOPICS
from tests.events.samples import SAMPLES
from tests.events.strangers import in_the_words_of

RECORD_NAMED = {topic.record.__name__: topic.record for topic in TOPICS}


def before_its_options(schema: Any) -> Any:
    """An earlier version of a contract: without the fields that have a default, at every depth."""
    if isinstance(schema, list):
        return [before_its_options(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    older_one = {key: before_its_options(part) for key, part in schema.items()}
    if "fields" in schema:
        older_one["fields"] = [field for field in older_one["fields"] if "default" not in field]
    return older_one


DERIVED = [before_its_options(contract_of(record).source) for record in RECORD_NAMED.values()]
REAL = [contract.source for contract in older()]


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Puts a contract into schemas/older of a copy of the folder."""

    def put(source: dict[str, Any]) -> None:
        (tmp_path / "older").mkdir()
        (tmp_path / "older" / "version.avsc").write_text(json.dumps(source))
        monkeypatch.setattr(contracts, "folder", lambda: tmp_path)
        contracts._by_fingerprint.cache_clear()

    yield put
    monkeypatch.undo()
    contracts._by_fingerprint.cache_clear()


@pytest.mark.parametrize("source", DERIVED + REAL, ids=lambda source: source["name"])
def test_bytes_of_an_older_contract_are_read_with_todays_defaults(source: Any, keep: Any) -> None:
    keep(source)
    record = RECORD_NAMED[source["name"]]
    sample = next(sample for sample in SAMPLES if type(sample) is record)
    plain = in_the_words_of(msgspec.to_builtins(sample, builtin_types=()), source, {})
    expected = msgspec.convert(plain, record)

    (version,) = older()
    data = SINGLE_OBJECT + version.fingerprint + _written(expected, version)

    assert decode(data, record) == expected
    confluent = b"\0\0\0\0\7" + data[10:]
    assert decode(confluent, record, {7: contracts.writer_of(json.dumps(source))}.__getitem__) == expected


def _written(record: Any, version: contracts.Contract) -> bytes:
    out = BytesIO()
    plain = msgspec.to_builtins(record, builtin_types=(UUID, datetime))
    fastavro.schemaless_writer(out, version.parsed, plain, disable_tuple_notation=True)
    return out.getvalue()


def test_a_version_that_is_not_kept_is_refused(keep: Any) -> None:
    keep(DERIVED[1])
    stranger = contracts._fingerprint(DERIVED[0])
    with pytest.raises(UndecodableError, match="is of no contract"):
        decode(SINGLE_OBJECT + stranger + encode(SAMPLES[0])[10:], type(SAMPLES[0]))


def test_the_derived_versions_differ_from_todays_where_a_record_has_options() -> None:
    same = {
        source["name"]
        for source in DERIVED
        if contracts._fingerprint(source) == contract_of(RECORD_NAMED[source["name"]]).fingerprint
    }
    assert same == {"DeadLetter"}


def test_every_older_version_belongs_to_a_record_and_is_not_todays() -> None:
    for contract in older():
        assert contract.name in RECORD_NAMED
        assert contract.fingerprint != contract_of(RECORD_NAMED[contract.name]).fingerprint
