"""Whatever arrives, the answer is a record or an UndecodableError that names the contract."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.codec import decode, encode, to_json
from gate_events.contracts import SINGLE_OBJECT, contract_of
from gate_events.digest import plan_digest
from gate_events.errors import RegistryUnavailableError, UndecodableError, UnencodableError
from gate_events.records import DecisionMade, PlanExecuted, PlanProposed
from tests.events.samples import SAMPLES
from tests.events.strategies import any_record, json_values

PLAN = SAMPLES[0]
every_sample = pytest.mark.parametrize("record", SAMPLES, ids=lambda record: type(record).__name__)
samples = st.sampled_from(SAMPLES)


def problem_of(data: bytes | None, record: type[Any] = PlanProposed, schema_of_id: Any = None) -> str:
    """Why `data` is refused."""
    with pytest.raises(UndecodableError) as refused:
        decode(data, record, schema_of_id)
    assert refused.value.contract == record.__name__
    return refused.value.problem


def check_answer(data: bytes, record: type[Any]) -> None:
    """A refusal that names the contract, or a record that can be written and has a digest or a mend."""
    answer = answer_to(data, record)
    if isinstance(answer, UndecodableError):
        assert answer.contract == record.__name__
        assert answer.problem
        return
    assert type(answer) is record
    assert decode(encode(answer), record) == answer
    if isinstance(answer, PlanProposed):
        digest = digest_of(answer)
        assert len(digest) == 64 or "use strings" in digest


def answer_to(data: bytes, record: type[Any]) -> Any:
    try:
        return decode(data, record, {7: contract_of(record).parsed}.__getitem__)
    except UndecodableError as refused:
        return refused


def digest_of(plan: PlanProposed) -> str:
    try:
        return plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)
    except UnencodableError as error:
        return str(error)


# --- Any bytes --------------------------------------------------------------------------------------------


@given(st.binary(max_size=300), samples)
def test_random_bytes(data: bytes, record: Any) -> None:
    check_answer(data, type(record))


@given(st.binary(max_size=300), samples, st.booleans())
def test_random_bytes_behind_a_good_framing(body: bytes, record: Any, confluent: bool) -> None:
    head = b"\0\0\0\0\7" if confluent else SINGLE_OBJECT + contract_of(type(record)).fingerprint
    check_answer(head + body, type(record))


@given(st.binary(max_size=100), samples)
def test_random_bytes_that_begin_like_json(data: bytes, record: Any) -> None:
    check_answer(b"{" + data, type(record))


@given(samples, st.booleans(), st.data())
def test_flipped_bits(record: Any, as_json: bool, data: st.DataObject) -> None:
    good = bytearray(to_json(record) if as_json else encode(record))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    check_answer(bytes(good), type(record))


@every_sample
def test_a_record_that_is_cut_anywhere_is_refused(record: Any) -> None:
    for whole in (encode(record), encode(record, 7), to_json(record)):
        for length in range(len(whole)):
            problem_of(whole[:length], type(record), {7: contract_of(type(record)).parsed}.__getitem__)


@every_sample
def test_bytes_left_over_after_the_record_are_refused(record: Any) -> None:
    assert "left over" in problem_of(encode(record) + b"\0", type(record))


@given(any_record(), samples)
def test_another_contracts_bytes_are_refused(written: Any, read_as: Any) -> None:
    if type(written) is not type(read_as):
        parsed = contract_of(type(written)).parsed
        assert type(written).__name__ in problem_of(encode(written), type(read_as))
        assert type(written).__name__ in problem_of(
            encode(written, 7), type(read_as), {7: parsed}.__getitem__
        )
        problem_of(to_json(written), type(read_as))


def test_nothing_is_refused_with_the_mend() -> None:
    for nothing in (None, b""):
        assert problem_of(nothing) == "the record is empty; send Avro or a JSON object"


def test_an_unknown_framing_is_named() -> None:
    assert "unknown framing ffee; send Avro (c301 or 00) or a JSON object" in problem_of(b"\xff\xee\x01")
    assert "unknown framing 5b5d" in problem_of(b"[]")


def test_an_unknown_fingerprint_is_named() -> None:
    assert "fingerprint 0102030405060708 is of no contract" in problem_of(SINGLE_OBJECT + bytes(range(1, 9)))


# --- With a schema registry -------------------------------------------------------------------------------


def test_confluent_bytes_without_a_registry_name_the_setting() -> None:
    assert "set PLANGATE_SCHEMA_REGISTRY_URL" in problem_of(encode(PLAN, 7))


@pytest.mark.parametrize("writer", ["string", ["null", "string"], {"type": "array", "items": "null"}])
def test_a_writers_schema_that_is_no_record_is_refused(writer: Any) -> None:
    assert "schema id 7 is of" in problem_of(encode(PLAN, 7), schema_of_id=lambda _: writer)


def test_a_registry_that_is_down_says_nothing_about_the_bytes() -> None:
    def silence(_: int) -> Any:
        raise RegistryUnavailableError("no answer")

    with pytest.raises(RegistryUnavailableError, match="try again"):
        decode(encode(PLAN, 7), PlanProposed, silence)


# --- JSON and its values ----------------------------------------------------------------------------------


def plan_json(**changes: Any) -> bytes:
    """The sample plan as JSON with some members changed."""
    return json.dumps({**json.loads(to_json(PLAN)), **changes}).encode()


def with_arguments(text: str) -> dict[str, bytes]:
    """The sample plan in JSON and in Avro with one step whose arguments are `text`."""
    marked = msgspec.structs.replace(
        PLAN, steps=(msgspec.structs.replace(PLAN.steps[0], arguments={"m": 1}),)
    )
    avro = encode(marked).replace(b'\x0e{"m":1}', _avro_string(text))
    assert avro != encode(marked)
    return {"json": to_json(marked).replace(b'{"m":1}', text.encode()), "avro": avro}


def _avro_string(text: str) -> bytes:
    data = text.encode()
    zigzag, head = len(data) << 1, bytearray()
    while zigzag > 0x7F:
        head.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*head, zigzag]) + data


NO_ARGUMENTS = {
    "a list": "[1]",
    "a number": "1",
    "null": "null",
    "no JSON": "{to: 1}",
    "cut": '{"to":',
    "NaN": '{"a":NaN}',
    "Infinity": '{"a":-Infinity}',
    "a float beyond range": '{"a":1e400}',
    "more digits than Python reads": '{"a":1' + "0" * 5_000 + "}",
    "a lone surrogate": '{"a":"\\ud800"}',
    "U+0000": '{"a":["\\u0000"]}',
    "a repeated key": '{"a":{"b":1,"b":2}}',
    "a key repeated by an escape": '{"a":1,"\\u0061":2}',
    "ten thousand levels": '{"a":' + "[" * 10_000 + "]" * 10_000 + "}",
    "ten thousand objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
}


@pytest.mark.parametrize("form", ["json", "avro"])
@pytest.mark.parametrize("text", NO_ARGUMENTS.values(), ids=NO_ARGUMENTS.keys())
def test_arguments_that_are_no_object_that_every_parser_reads_alike_are_refused(text: str, form: str) -> None:
    assert problem_of(with_arguments(text)[form])


def test_the_repeated_key_is_named() -> None:
    assert "the key 'b' stands twice in one object; keep one" in problem_of(
        with_arguments(NO_ARGUMENTS["a repeated key"])["avro"]
    )


def test_a_repeated_key_of_the_record_itself_is_refused() -> None:
    twice = to_json(PLAN).replace(b'"goal":"remind"', b'"goal":"remind","goal":"delete"')
    assert "the key 'goal' stands twice" in problem_of(twice)


@pytest.mark.parametrize("form", ["json", "avro"])
@pytest.mark.parametrize("text", ['{"a":1' + "0" * 400 + "}", '{"a":9007199254740993}'])
def test_a_number_that_is_not_exact_everywhere_gets_no_digest(text: str, form: str) -> None:
    plan = decode(with_arguments(text)[form], PlanProposed)
    with pytest.raises(UnencodableError, match=r"use strings for numbers beyond 2\^53"):
        plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)


FAULTS: dict[str, dict[str, Any]] = {
    "$.steps": {"steps": {}},
    "$.steps[0].arguments": {"steps": [{"step_id": "s", "action_type": "t", "arguments": [1]}]},
    "$.steps[1]": {"steps": [{"step_id": "s", "action_type": "t"}, {"step_id": "", "action_type": "t"}]},
    "$.revision": {"revision": 10**400},
    "$.proposed_at": {"proposed_at": "2026-03-02T08:30:00"},
    "$.plan_id": {"plan_id": "17"},
    "$.agent": {"agent": {"name": "a", "modle": "m"}},
    "$.run.kind": {"run": {**msgspec.to_builtins(PLAN.run), "kind": "LATER"}},
    "$.goal": {"goal": "a" * 100_001},
    "$.proposer": {"proposer": "svc\n"},
}


@pytest.mark.parametrize(("path", "change"), FAULTS.items(), ids=FAULTS.keys())
def test_the_fault_is_named_by_its_path(path: str, change: dict[str, Any]) -> None:
    assert path in problem_of(plan_json(**change))


def test_a_plan_without_steps_is_one_of_an_agent_with_nothing_to_do() -> None:
    assert decode(plan_json(steps=[]), PlanProposed).steps == ()


def test_a_plan_with_two_steps_of_one_id_is_refused() -> None:
    step = {"step_id": "s", "action_type": "t"}
    assert "step_id 's' stands twice" in problem_of(plan_json(steps=[step, step]))


def test_a_text_that_postgresql_cannot_store_is_refused() -> None:
    plan = msgspec.structs.replace(PLAN, goal="a\0b")
    assert "$.goal" in problem_of(encode(plan))
    assert "U+0000" in problem_of(msgspec.json.encode(plan))


def test_a_digest_with_a_newline_behind_it_is_no_digest() -> None:
    decision = json.loads(to_json(next(record for record in SAMPLES if isinstance(record, DecisionMade))))
    assert "$.digest" in problem_of(
        json.dumps({**decision, "digest": "ab" * 32 + "\n"}).encode(), DecisionMade
    )


@given(samples, json_values | st.just(10**400) | st.just(-1), st.data())
def test_any_value_in_the_place_of_any_other(record: Any, value: Any, data: st.DataObject) -> None:
    tree = json.loads(to_json(record))
    parent, key = data.draw(st.sampled_from(list(_places(tree))))
    parent[key] = value
    check_answer(json.dumps(tree).encode(), type(record))


def _places(tree: Any) -> Any:
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)


def test_half_a_million_keys_are_judged_in_time() -> None:
    keys = ",".join(f'"{n}":0' for n in range(500_000))
    assert "stands twice" in problem_of(with_arguments("{" + keys + ',"7":0}')["avro"])


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_outside_of_the_calendar_of_utc_is_refused_with_its_fields_name(moment: str) -> None:
    told = next(each for each in SAMPLES if isinstance(each, PlanExecuted) and each.results)
    plain = json.loads(to_json(told))
    plain["results"][0]["finished_at"] = moment
    with pytest.raises(UndecodableError, match=r"years 1 to 9999.*`\$\.results\[0\]\.finished_at`"):
        decode(json.dumps(plain).encode(), PlanExecuted)
