"""A word that a later version wrote is read as UNKNOWN; a record that cannot be used then is refused."""

import json
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import fastavro
import msgspec
import pytest

from gate_events.codec import decode, to_json
from gate_events.contracts import contract_of, writer_of
from gate_events.errors import UndecodableError
from gate_events.records import ApprovalRequested, PlanExecuted, PlanProposed
from gate_events.words import StepStatus
from tests.events.samples import SAMPLES

OF: dict[type[Any], Any] = {type(sample): sample for sample in SAMPLES}


def test_a_word_of_a_later_version_is_read_as_unknown() -> None:
    later = json.loads(json.dumps(contract_of(PlanExecuted).source).replace('"SKIPPED"', '"SKIPPED", "HALF"'))
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
