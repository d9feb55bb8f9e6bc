"""Schema ids against a real registry, confluent-kafka's own serializers, and a registry that fails."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import msgspec
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from gate_events.codec import decode, encode
from gate_events.contracts import contract_of
from gate_events.errors import RegistryUnavailableError, UndecodableError
from gate_events.records import PlanDecided, PlanProposed
from gate_events.topics import TOPIC_OF
from plangate.dev.registry import SchemaRegistry
from plangate.kafka.registry import ContractRefusedError, SchemaIds
from tests.events.samples import SAMPLES
from tests.events.strangers import as_a_stranger, with_json_as_values

PLAN = SAMPLES[0]
every_sample = pytest.mark.parametrize("record", SAMPLES, ids=lambda record: type(record).__name__)


@pytest.fixture
def client(registry: SchemaRegistry) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": registry.url})


@pytest.fixture
def ids(registry: SchemaRegistry) -> SchemaIds:
    return SchemaIds({"url": registry.url})


@every_sample
def test_confluents_deserializer_reads_our_bytes(
    record: Any, ids: SchemaIds, client: SchemaRegistryClient, topic_prefix: str
) -> None:
    topic = topic_prefix + TOPIC_OF[type(record)].name
    data = encode(record, ids.id_for(type(record), topic))
    read = AvroDeserializer(client)(data, SerializationContext(topic, MessageField.VALUE))
    assert msgspec.convert(with_json_as_values(read), type(record)) == record


@every_sample
def test_we_read_the_bytes_of_confluents_serializer(
    record: Any, ids: SchemaIds, client: SchemaRegistryClient, topic_prefix: str
) -> None:
    topic = topic_prefix + TOPIC_OF[type(record)].name
    serializer = AvroSerializer(client, json.dumps(contract_of(type(record)).source))
    data = serializer(as_a_stranger(record), SerializationContext(topic, MessageField.VALUE))
    assert data is not None
    assert data[0] == 0
    assert decode(data, type(record), ids.schema_of) == record


def test_a_contract_is_registered_once_with_backward_compatibility(
    ids: SchemaIds, registry: SchemaRegistry, client: SchemaRegistryClient, topic_prefix: str
) -> None:
    subject = f"{topic_prefix}plans-value"
    first = ids.id_for(PlanProposed, f"{topic_prefix}plans")
    again = SchemaIds({"url": registry.url}).id_for(PlanProposed, f"{topic_prefix}plans")
    assert first == again
    assert client.get_versions(subject) == [1]
    assert client.get_compatibility(subject) == "BACKWARD"


def test_a_stricter_rule_of_the_operators_stays(
    ids: SchemaIds, client: SchemaRegistryClient, topic_prefix: str
) -> None:
    client.set_compatibility(f"{topic_prefix}plans-value", "FULL")
    ids.id_for(PlanProposed, f"{topic_prefix}plans")
    assert client.get_compatibility(f"{topic_prefix}plans-value") == "FULL"


def test_an_incompatible_contract_of_another_is_refused_by_the_registry(
    ids: SchemaIds, client: SchemaRegistryClient, topic_prefix: str
) -> None:
    ids.id_for(PlanProposed, f"{topic_prefix}plans")
    source = json.loads(json.dumps(contract_of(PlanProposed).source))
    source["fields"].append({"name": "budget", "type": "int", "doc": "No default."})
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema(f"{topic_prefix}plans-value", Schema(json.dumps(source), "AVRO"))
    assert refused.value.http_status_code == 409


def test_our_contract_is_refused_where_it_could_not_read_what_is_there(
    ids: SchemaIds, client: SchemaRegistryClient, topic_prefix: str
) -> None:
    subject = f"{topic_prefix}plans-value"
    foreign = {"type": "record", "name": "PlanProposed", "namespace": "plangate", "fields": []}
    client.register_schema(subject, Schema(json.dumps(foreign), "AVRO"))
    with pytest.raises(ContractRefusedError, match=f"refused PlanProposed on subject {subject}"):
        ids.id_for(PlanProposed, f"{topic_prefix}plans")


@pytest.mark.parametrize("head", ["00000000", "7fffffff", "80000000", "ffffffff"])
def test_an_id_that_nobody_registered_is_undecodable(ids: SchemaIds, head: str) -> None:
    with pytest.raises(UndecodableError, match="schema id ") as refused:
        decode(b"\0" + bytes.fromhex(head) + b"body", PlanProposed, ids.schema_of)
    assert refused.value.contract == "PlanProposed"


def test_the_bytes_of_another_contract_are_undecodable(ids: SchemaIds, topic_prefix: str) -> None:
    schema_id = ids.id_for(PlanProposed, f"{topic_prefix}plans")
    with pytest.raises(UndecodableError, match=r"PlanDecided: schema id \d+ is of plangate.PlanProposed"):
        decode(encode(PLAN, schema_id), PlanDecided, ids.schema_of)


def test_a_writer_whose_tool_left_out_the_logical_types_is_understood(
    ids: SchemaIds, client: SchemaRegistryClient, topic_prefix: str
) -> None:
    bare = _without_logical_types(contract_of(PlanProposed).source)
    schema_id = client.register_schema(f"{topic_prefix}bare-value", Schema(json.dumps(bare), "AVRO"))
    assert decode(encode(PLAN, schema_id), PlanProposed, ids.schema_of) == PLAN


def test_a_writer_that_counts_in_milliseconds_is_taken_at_its_word(
    ids: SchemaIds, client: SchemaRegistryClient, topic_prefix: str
) -> None:
    text = json.dumps(contract_of(PlanProposed).source).replace("timestamp-micros", "timestamp-millis")
    serializer = AvroSerializer(client, text)
    data = serializer(as_a_stranger(PLAN), SerializationContext(f"{topic_prefix}millis", MessageField.VALUE))
    assert data is not None
    assert decode(data, PlanProposed, ids.schema_of) == PLAN


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_logical_types(part) for part in schema]
    if isinstance(schema, dict):
        return {key: _without_logical_types(part) for key, part in schema.items() if key != "logicalType"}
    return schema


# --- A registry that fails ---------------------------------------------------------------------------------


class StubRegistry(HTTPServer):
    """Answers every request with `status`, and knows how often it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status = 500
        self.schema: Any = contract_of(PlanProposed).source
        self.asked = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: StubRegistry

    def do_GET(self) -> None:
        self.server.asked += 1
        good = {"schema": json.dumps(self.server.schema)}
        body = json.dumps(good if self.server.status == 200 else {"error_code": 1, "message": "no"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST = do_GET  # noqa: N815 - http.server's hooks

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def stub() -> Iterator[StubRegistry]:
    with StubRegistry() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_registry_that_does_not_serve_is_unavailable_and_shows_no_secret(
    stub: StubRegistry, status: int
) -> None:
    stub.status = status
    ids = SchemaIds({"url": f"http://eva:s3cret@{stub.address}/api?token=s3cret"})
    questions: list[Callable[[], Any]] = [lambda: ids.id_for(PlanProposed, "plans")]
    if status != 403:  # of one id it says that its subject is not ours to read
        questions.append(lambda: ids.schema_of(7))
    for ask in questions:
        with pytest.raises(RegistryUnavailableError, match=f"answered {status}.*try again") as failed:
            ask()
        assert "s3cret" not in f"{failed.value!r} {failed.value.__cause__!r} {ids!r}"
    assert stub.address in repr(ids)


def test_the_password_in_the_settings_is_not_shown() -> None:
    ids = SchemaIds({"url": "http://127.0.0.1:1", "basic.auth.user.info": "eva:s3cret", "max.retries": 0})
    with pytest.raises(RegistryUnavailableError, match=r"http://127\.0\.0\.1:1: ConnectError") as failed:
        decode(encode(PLAN, 7), PlanProposed, ids.schema_of)
    assert "s3cret" not in f"{failed.value!r} {ids!r} {ids.__dict__!r}"


def test_a_registry_that_comes_back_is_asked_again(stub: StubRegistry) -> None:
    ids = SchemaIds({"url": f"http://{stub.address}", "max.retries": "0", "timeout": "2.5"})
    with pytest.raises(RegistryUnavailableError):
        ids.schema_of(7)
    assert stub.asked == 1
    stub.status = 200
    assert decode(encode(PLAN, 7), PlanProposed, ids.schema_of) == PLAN


def test_many_threads_ask_once(stub: StubRegistry) -> None:
    stub.status = 200
    ids = SchemaIds({"url": f"http://{stub.address}"})
    with ThreadPoolExecutor(8) as pool:
        schemas = list(pool.map(ids.schema_of, [7] * 64))
    assert stub.asked == 1
    assert all(schema is schemas[0] for schema in schemas)


@pytest.mark.parametrize("status", [403, 404])
def test_an_id_that_the_registry_refuses_is_the_records_fault_and_remembered_for_a_minute(
    stub: StubRegistry, status: int
) -> None:
    stub.status, seconds = status, [0.0]
    ids = SchemaIds({"url": f"http://{stub.address}"}, lambda: seconds[0])
    for _ in range(3):
        with pytest.raises(
            UndecodableError, match=f"schema id 7: .*HTTP {status}.*where workers may read it"
        ):
            decode(encode(PLAN, 7), PlanProposed, ids.schema_of)
    assert stub.asked == 1
    stub.status, seconds[0] = 200, 61.0
    assert decode(encode(PLAN, 7), PlanProposed, ids.schema_of) == PLAN


def test_a_schema_that_would_take_the_process_down_is_the_records_fault(stub: StubRegistry) -> None:
    stub.status = 200
    endless = [{"name": "next", "type": ["null", "PlanProposed"]}]
    stub.schema = {**contract_of(PlanProposed).source, "fields": endless}
    ids = SchemaIds({"url": f"http://{stub.address}"})
    with pytest.raises(UndecodableError, match="schema id 7: no schema to read with: it is recursive"):
        decode(encode(PLAN, 7), PlanProposed, ids.schema_of)


def test_no_number_of_ids_fills_the_memory(stub: StubRegistry) -> None:
    stub.status = 404
    ids = SchemaIds({"url": f"http://{stub.address}"})
    for schema_id in range(1_200):
        with pytest.raises(UndecodableError):
            ids.schema_of(schema_id)
    assert len(ids._refused) == 1_000
