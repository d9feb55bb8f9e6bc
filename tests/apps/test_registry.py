"""With a schema registry: Confluent framing comes in and goes out."""

from gate_events.codec import decode, encode
from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided, PlanProposed
from gate_events.topics import TOPIC_OF
from plangate.dev.registry import SchemaRegistry
from plangate.kafka.registry import SchemaIds
from tests.apps.world import World, decision, plan


def test_records_travel_with_the_registrys_ids(world: World, registry: SchemaRegistry) -> None:
    ids = SchemaIds({"url": registry.url})

    def framed(record: PlanProposed | DecisionMade) -> bytes:
        topic = TOPIC_OF[type(record)].name
        return encode(record, ids.id_for(type(record), world.prefix + topic))

    world.start("router", "gatekeeper", registry=registry.url)
    proposed = plan("send")
    world.send_raw("plans", framed(proposed), str(proposed.plan_id).encode())
    with world.reader("approval-requests") as reader:
        (message,) = reader.messages(lambda seen: len(seen) == 1)
    request = decode(message.value(), ApprovalRequested, ids.schema_of)
    assert (message.value() or b"")[:1] == b"\x00"
    world.send_raw("decisions", framed(decision(request)), str(request.plan_id).encode())
    with world.reader("verdicts") as reader:
        (verdict,) = reader.messages(lambda seen: len(seen) == 1)
    assert (verdict.value() or b"")[:1] == b"\x00"
    assert decode(verdict.value(), PlanDecided, ids.schema_of).execute
