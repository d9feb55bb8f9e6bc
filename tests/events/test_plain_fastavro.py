"""Our bytes need nothing of ours: plain fastavro reads them, with `arguments` as text."""

import json
import subprocess
import sys
from datetime import datetime

import pytest

from gate_events.codec import encode
from gate_events.contracts import file_name, folder
from tests.events.samples import SAMPLES
from tests.events.strangers import as_a_stranger, with_json_as_values

_READER = """
import io, json, sys
import fastavro


def plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

for line in json.load(sys.stdin):
    schema = fastavro.schema.load_schema(line["contract"])
    body = io.BytesIO(bytes.fromhex(line["bytes"])[line["skip"]:])
    print(json.dumps(fastavro.schemaless_reader(body, schema), default=plain))
    assert not body.read(), "bytes are left over"
assert not {"gate_events", "plangate", "msgspec"} & set(sys.modules), "this process must know nothing of ours"
"""


@pytest.mark.parametrize(("schema_id", "skip"), [(None, 10), (7, 5)], ids=["single-object", "confluent"])
def test_plain_fastavro_reads_every_record(schema_id: int | None, skip: int) -> None:
    lines = [
        {
            "contract": str(folder() / file_name(type(record))),
            "bytes": encode(record, schema_id).hex(),
            "skip": skip,
        }
        for record in SAMPLES
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-c", _READER],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read = [json.loads(line) for line in done.stdout.splitlines()]
    assert [with_json_as_values(each) for each in read] == [
        json.loads(json.dumps(with_json_as_values(as_a_stranger(record)), default=datetime.isoformat))
        for record in SAMPLES
    ]
