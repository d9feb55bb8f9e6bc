"""Every record carries CloudEvents 1.0 headers in binary mode, and its key."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from gate_events.headers import cloud_event, new_traceparent
from gate_events.records import AutonomyChanged, DeadLetter, PolicyKept, StopChanged
from gate_events.topics import key_of
from tests.events.samples import DIGEST, PLAN, SAMPLES, STOP

KEYED = [sample for sample in SAMPLES if not isinstance(sample, DeadLetter)]
every_record = pytest.mark.parametrize("record", KEYED, ids=lambda record: type(record).__name__)


@every_record
def test_the_headers_say_what_it_is_whence_and_when(record: Any) -> None:
    before = datetime.now(UTC)
    headers = dict(cloud_event(record, "svc-billing"))
    after = datetime.now(UTC)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_id"] == str(record.event_id).encode()
    assert headers["ce_source"] == b"svc-billing"
    assert headers["ce_type"] == f"plangate.{type(record).__name__}".encode()
    assert headers["ce_dataschema"] == f"urn:plangate:schema:{type(record).__name__}".encode()
    assert headers["content-type"] == b"application/avro"
    sent = datetime.fromisoformat(headers["ce_time"].decode())
    assert before <= sent <= after


@every_record
def test_no_header_holds_a_control_character(record: Any) -> None:
    for _, value in cloud_event(record, "svc-billing"):
        assert not re.search(r"[\x00-\x1f\x7f]", value.decode())


@every_record
def test_the_key_is_the_plan_id_but_on_autonomy_policies_and_stops(record: Any) -> None:
    others: dict[Any, str] = {
        AutonomyChanged: f"email.send\x1f{DIGEST}",
        PolicyKept: DIGEST,
        StopChanged: str(STOP),
    }
    assert key_of(record) == others.get(type(record), str(PLAN)).encode()


def test_json_is_announced() -> None:
    assert ("content-type", b"application/json") in cloud_event(SAMPLES[0], "cli", json=True)


def test_a_trace_is_carried_on_and_begun_where_there_is_none() -> None:
    given = new_traceparent()
    assert ("traceparent", given.encode()) in cloud_event(SAMPLES[0], "cli", traceparent=given)
    begun = dict(cloud_event(SAMPLES[0], "cli"))["traceparent"].decode()
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", begun)
    assert begun != given
