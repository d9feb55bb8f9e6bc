"""What is written is what is read, in every wire format."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.codec import decode, encode, to_json
from gate_events.contracts import contract_of
from gate_events.errors import UnencodableError
from gate_events.records import PlanProposed
from gate_events.values import Step
from tests.events.samples import SAMPLES
from tests.events.strategies import a, any_record

every_sample = pytest.mark.parametrize("record", SAMPLES, ids=lambda record: type(record).__name__)


@given(any_record())
def test_single_object_encoding_reads_back_equal(record: Any) -> None:
    assert decode(encode(record), type(record)) == record


@given(any_record(), st.integers(0, 2**31 - 1))
def test_confluent_framing_reads_back_equal(record: Any, schema_id: int) -> None:
    schemas = {schema_id: contract_of(type(record)).parsed}
    assert decode(encode(record, schema_id), type(record), schemas.__getitem__) == record


@given(any_record())
def test_plain_json_reads_back_equal(record: Any) -> None:
    assert decode(to_json(record), type(record)) == record


@given(a(PlanProposed))
def test_the_same_plan_sent_as_json_and_as_avro_is_the_same_plan(plan: PlanProposed) -> None:
    assert decode(to_json(plan), PlanProposed) == decode(encode(plan), PlanProposed)


@every_sample
def test_every_record_type_reads_back_equal_with_every_optional_part_present(record: Any) -> None:
    assert decode(encode(record), type(record)) == record == decode(to_json(record), type(record))


def test_arguments_are_an_object_in_json_and_text_in_avro() -> None:
    plan = SAMPLES[0]
    assert b'"arguments":{"to":"eva@example.com"' in to_json(plan)
    assert '{"to":"eva@example.com","amount":12.5,"lines":[1,null,{"ü":"€"}]}'.encode() in encode(plan)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "\ud800", "a\0b", object()], ids=lambda value: ascii(value)[:12]
)
@pytest.mark.parametrize("write", [encode, to_json])
def test_an_argument_that_json_cannot_say_is_refused_when_it_is_written(write: Any, value: Any) -> None:
    steps = (Step(step_id="s", action_type="t", arguments={"x": [value, None]}),)
    plan = msgspec.structs.replace(SAMPLES[0], steps=steps)
    with pytest.raises(UnencodableError, match="PlanProposed cannot be written"):
        write(plan)


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    steps = (Step(step_id="s", action_type="t", arguments={"path": "C:\\u0000"}),)
    plan = msgspec.structs.replace(SAMPLES[0], steps=steps)
    assert decode(encode(plan), PlanProposed).steps == steps
