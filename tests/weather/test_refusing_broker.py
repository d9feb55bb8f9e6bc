"""A broker that refuses what is written to it: nothing is acked, nothing is lost, and it is said once."""

import time
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from gate_events.records import PlanCleared, PlanDecided
from plangate.dev.apache_kafka import ApacheKafka
from stream_apps import producing
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.unconfirmed import Unconfirmed
from tests.apps.world import World, asked, decision, plan
from tests.apps.world import until as until_blocking
from tests.weather.outage import idles, until
from tests.weather.replicas import second_broker


async def test_what_the_broker_does_not_take_is_delivered_when_it_does(
    kafka: ApacheKafka, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Although librdkafka may try on in silence, and whatever other topics take meanwhile."""
    monkeypatch.setattr(producing, "Unconfirmed", partial(Unconfirmed, quiet_s=1.0))
    topic, other = f"{topic_prefix}plans", f"{topic_prefix}decisions"
    kafka.create_topics(topic, other, partitions=1)
    writer = KafkaWriter({"bootstrap.servers": kafka.bootstrap_servers})
    delivered: list[str] = []

    def send(where: str, name: str) -> None:
        writer.send(Outgoing(where, None, b"x", [], lambda: delivered.append(name), pytest.fail))

    def waits_with_one_more() -> bool:
        """A broker may take some after it has said that the topic is deleted."""
        send(topic, "refused")
        return writer.waits

    send(topic, "first")
    await until(lambda: delivered == ["first"] and not writer.waits)
    caplog.clear()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.delete_topics([topic])[topic].result(30)
    await until(waits_with_one_more)
    delivered.clear()
    for number in range(3):
        send(other, f"taken {number}")
        await until(lambda: f"taken {number}" in delivered)  # noqa: B023 - awaited before the next turn
    await idles(1.0)
    assert "refused" not in delivered
    kafka.create_topics(topic, partitions=1)
    await until(lambda: "refused" in delivered)
    await until(lambda: not writer.waits)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2, said
    assert topic in said[0]
    assert "min.insync.replicas" in said[0]
    assert said[1] == "Kafka takes records again"
    await writer.close()


@pytest.mark.slow
def test_plans_verdicts_and_dead_letters_wait_for_enough_replicas(
    own_kafka: ApacheKafka, sqlite_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    """The watchdog does not take a broker that refuses for a worker that is stuck."""
    refusing = ("auto-execute", "verdicts", "dead-letters")
    world = World(own_kafka, sqlite_url, topic_prefix, tmp_path)
    with world.reader("plans") as reader:
        reader.consumer.poll(5)  # the topic of the groups' offsets is made, before there is another broker
    with second_broker(own_kafka, topic_prefix, *refusing) as second:
        try:
            worker = world.start("router", "gatekeeper", stuck_after_s=8.0)
            second.stop()
            plans = [plan("look") for _ in range(200)]
            requests = [asked("send") for _ in range(20)]
            world.send(*plans, *requests, *(decision(request) for request in requests))
            world.send_raw("plans", b"no plan", b"key")
            until_blocking(lambda: world.gate_state(requests[-1].request_id) == "APPROVED")
            until_blocking(lambda: worker.log.read_text().count("does not take records") >= 2)
            before = cpu_seconds(worker.process.pid)
            time.sleep(14)  # longer than the watchdog's patience
            assert cpu_seconds(worker.process.pid) - before < 7
            assert worker.process.poll() is None
            assert world.lag("router", "plans") > 0
            second.start()
            cleared = world.read(PlanCleared, len(plans))
            assert {each.plan_id for each in cleared} == {each.plan_id for each in plans}
            verdicts = world.read(PlanDecided, len(requests))
            assert {each.request_id for each in verdicts} == {each.request_id for each in requests}
            with world.reader("dead-letters") as reader:
                (letter,) = reader.messages(lambda seen: len(seen) >= 1)
            assert letter.value() == b"no plan"
            until_blocking(lambda: world.lag("router", "plans") == 0)
            assert worker.process.poll() is None
            said = worker.log.read_text()
            writers = 2
            assert said.count("does not take records") == said.count("takes records again") == writers
            assert worker.end() == 0
        finally:
            world.close()


def cpu_seconds(pid: int) -> float:
    """What the process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
