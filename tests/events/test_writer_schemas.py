"""A writer's schema is its writer's word: what costs more than its bytes is not followed."""

import json
from typing import Any

import pytest

from gate_events.codec import decode
from gate_events.contracts import contract_of, older, writer_of
from gate_events.errors import UndecodableError
from gate_events.records import PlanProposed
from gate_events.topics import TOPICS
from gate_events.writer_schemas import LARGEST, UnsafeSchemaError, looked_at


def _plan(*types: Any) -> dict[str, Any]:
    fields = [{"name": f"f{number}", "type": each} for number, each in enumerate(types)]
    return {"type": "record", "name": "PlanProposed", "namespace": "plangate", "fields": fields}


def _record(name: str, *types: Any) -> dict[str, Any]:
    return {**_plan(*types), "name": name}


def _doubling(times: int) -> list[Any]:
    """Each record holds the one before it twice: 2^times of the first, in a few lines."""
    chain: list[Any] = [_record("R0", "null")]
    chain += [_record(f"R{number}", f"R{number - 1}", f"R{number - 1}") for number in range(1, times)]
    return chain


def _nested(depth: int) -> Any:
    inside: Any = "int"
    for _ in range(depth):
        inside = {"type": "array", "items": inside}
    return inside


UNSAFE = {
    "a field of the record's own type": (_plan(["null", "PlanProposed"]), "recursive"),
    "its own type by its whole name": (
        _plan({"type": "map", "values": "plangate.PlanProposed"}),
        "recursive",
    ),
    "two types that hold each other": (_plan(_record("A", _record("B", ["null", "A"]))), "recursive"),
    "items of null": (_plan({"type": "array", "items": "null"}), "no bytes"),
    "items of an empty record": (_plan({"type": "array", "items": _record("E")}), "no bytes"),
    "items of records of null": (
        _plan({"type": "array", "items": _record("E", "null", _record("F"))}),
        "no bytes",
    ),
    "items of a named type of no bytes": (_plan(_record("E"), {"type": "array", "items": "E"}), "no bytes"),
    "items of a fixed": (
        _plan({"type": "array", "items": {"type": "fixed", "name": "F", "size": 8}}),
        "no bytes",
    ),
    "items that are wrapped": (_plan({"type": {"type": "array", "items": {"type": "null"}}}), "no bytes"),
    "a billion of nothing": (_plan(*_doubling(30)), "parts"),
    "a long chain of names": (
        _plan(_record("R0"), *[_record(f"R{n}", f"R{n - 1}") for n in range(1, 60)]),
        "deep",
    ),
    "deep arrays": (_plan(_nested(60)), "deep"),
    "items of many nulls": (
        _plan({"type": "array", "items": _record("N", "int", *["null"] * 101)}),
        "parts of no bytes",
    ),
    "values of many nulls": (_plan({"type": "map", "values": _record("N", *["null"] * 101)}), "of no bytes"),
    "items one of whose branches is many nulls": (
        _plan({"type": "array", "items": ["int", _record("N", *["null"] * 102)]}),
        "parts of no bytes",
    ),
    "an unknown type": (_plan("Elsewhere"), "does not hold"),
    "a type that comes later": (_plan("E", _record("E", "int")), "does not hold"),
    "a name twice": (_plan(_record("E", "int"), _record("E", "null")), "taken"),
    "a name of Avro's own": (_plan(_record("int")), "taken"),
    "a name that is none": ({**_plan(), "name": 7}, "no text"),
    "fields that are none": ({**_plan(), "fields": {"a": 1}}, "no list"),
    "a type that is none": (_plan(7), "no name"),
    "no type": (_plan(None), "no name"),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_a_schema_that_would_cost_more_than_its_bytes_is_not_used(case: str) -> None:
    schema, why = UNSAFE[case]
    with pytest.raises(UnsafeSchemaError, match=why):
        writer_of(json.dumps(schema))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "nul", '"' + "x" * LARGEST + '"'])
def test_a_text_that_is_no_schema_or_too_large_is_not_used(text: str) -> None:
    with pytest.raises(UnsafeSchemaError):
        writer_of(text)


def test_the_marks_of_a_parsed_schema_are_not_believed() -> None:
    """They would make the decoder take what stands beside them, unseen."""
    other = _record("E", ["null", "E"])
    schema = {
        **_plan(_record("E", "int")),
        "__fastavro_parsed__": True,
        "__named_schemas": {"plangate.E": other},
    }
    assert looked_at(json.dumps(schema)) == _plan(_record("E", "int"))


def test_a_logical_type_that_no_contract_uses_is_read_as_the_bytes_it_is() -> None:
    """To make a decimal of a megabyte takes minutes."""
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 9_000_000, "scale": 0}
    assert looked_at(json.dumps(_plan(decimal))) == _plan({"type": "bytes"})


def test_types_that_are_used_twice_and_maps_of_nothing_are_no_harm() -> None:
    schema = _plan(
        _record("E", "int"), "E", {"type": "array", "items": "plangate.E"}, {"type": "map", "values": "null"}
    )
    assert looked_at(json.dumps(schema)) == schema


@pytest.mark.parametrize("contract", [*[contract_of(each.record) for each in TOPICS], *older()])
def test_every_contract_of_ours_passes_with_a_field_more(contract: Any) -> None:
    more = {"name": "more", "type": ["null", {"type": "array", "items": _record("More", "string")}]}
    source = {**contract.source, "fields": [*contract.source["fields"], more]}
    assert writer_of(json.dumps(source))


def test_items_of_many_fields_that_may_be_null_are_no_harm() -> None:
    many = _record("Many", *[["null", "string"]] * 300)
    assert writer_of(json.dumps(_plan({"type": "array", "items": ["null", many]})))


@pytest.mark.parametrize("item", ["boolean", "float", "double", _record("R", "boolean", "float")])
def test_items_that_are_announced_and_do_not_come_end_with_the_bytes(item: Any) -> None:
    """The decoder alone would count to 2^40 in C, where nothing can interrupt it."""
    writer = writer_of(json.dumps(_plan({"type": "array", "items": item})))
    announced = b"\x80\x80\x80\x80\x80\x40"
    for more in (b"", b"\x00" * 50):
        with pytest.raises(UndecodableError, match="end inside a value"):
            decode(b"\x00\x00\x00\x00\x07" + announced + more, PlanProposed, lambda _: writer)
