"""The schema registry as a development service."""

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from plangate.dev.registry import SchemaRegistry


def test_a_schema_comes_back_by_its_id(registry: SchemaRegistry, topic_prefix: str) -> None:
    client = SchemaRegistryClient({"url": registry.url})
    schema_id = client.register_schema(f"{topic_prefix}value", Schema('{"type": "string"}', "AVRO"))
    assert '"string"' in (client.get_schema(schema_id).schema_str or "")
