"""What `plangate store restored` reads on Kafka: what the store does not know, and no more."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from sqlalchemy import select

from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.values import RunIdentity
from gate_events.words import DecisionKind, PauseKind
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store.tables import lost_plans, planned_effects, restores, told_before
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.topics import quiet_admin
from plangate.kafka.topics import create
from plangate.settings import Settings
from stream_apps.gatekeeper.commit import commit_batch
from tests.apps.world import CATALOGUE, World, decision, plan
from tests.cli.commands import Ended, Shell

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

READ = ("approval-requests", "auto-execute", "decisions", "outcomes")
ONCE = '  note: {tier: REVERSIBLE, says: "Note {{ what }}", effect: {key: "note:{{ what }}", window: 24h}}\n'
RULES = load_catalogue(CATALOGUE + ONCE)


@pytest.fixture
def world(kafka: ApacheKafka, postgres_url: str, topic_prefix: str, tmp_path: Path) -> Iterator[World]:
    """Its topics are dated by the broker, as `plangate topics create` makes them."""
    create(Settings(kafka=kafka.client_options, topic_prefix=topic_prefix, partitions=1))
    made = World(kafka, postgres_url, topic_prefix, tmp_path)
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE + ONCE)
    yield made
    made.close()


def restored(world: World, since: datetime, *more: str) -> Ended:
    environment = {
        "PLANGATE_KAFKA_BOOTSTRAP_SERVERS": world.kafka.bootstrap_servers,
        "PLANGATE_TOPIC_PREFIX": world.prefix,
        "PLANGATE_STORE_URL": world.store_url,
    }
    world.store.dispose()  # nobody else may be connected
    command = ("store", "restored", "--since", since.isoformat(), *more)
    return Shell(world.folder, environment).run(*command)


def routed(*action_types: str, **fields: Any) -> PlanCleared | ApprovalRequested:
    return route(plan(*action_types, **fields), RULES, now=datetime.now(UTC))


def takes(world: World, records: Sequence[Any]) -> None:
    """As the gatekeeper that had read so much when the backup was made."""
    with world.store.begin() as conn:
        commit_batch(conn, records, RULES, datetime.now(UTC))


def ends(world: World) -> dict[tuple[str, int], int]:
    with world.reader(*READ) as reader:
        return reader.ends()


def group_of(world: World) -> str:
    return f"{world.prefix}plangate-gatekeeper"


def read_all(world: World) -> None:
    """The gatekeeper's group has read all that there is."""
    wanted = [TopicPartition(topic, number, offset) for (topic, number), offset in ends(world).items()]
    group = group_of(world)
    admin = quiet_admin(world.kafka.client_options)
    admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, wanted)])[group].result(20)


def reads_on_from(world: World) -> dict[tuple[str, int], int]:
    """From where the gatekeeper's group reads on."""
    group = group_of(world)
    admin = quiet_admin(world.kafka.client_options)
    found = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(20)
    return {(each.topic, each.partition): each.offset for each in found.topic_partitions or []}


def rows(world: World, *columns: Any) -> set[Any]:
    with world.store.connect() as conn:
        return {tuple(row) if len(columns) > 1 else row[0] for row in conn.execute(select(*columns))}


def run_of(thread: str) -> RunIdentity:
    return RunIdentity(
        graph="g", graph_version="v", thread_id=thread, checkpoint_id="c", kind=PauseKind.DYNAMIC
    )


def test_it_reads_again_what_the_store_does_not_know_whatever_moment_it_is_told(world: World) -> None:
    """The gatekeeper was behind at the backup: what it had not read then stands before that on the log."""
    known = [routed("look") for _ in range(50)]
    world.send(*known)
    takes(world, known)
    behind = [routed("look") for _ in range(9)]
    world.send(*behind)
    read_all(world)

    looked = restored(world, datetime.now(UTC), "--json", "--dry-run").json
    assert reads_on_from(world) == ends(world)
    assert rows(world, restores.c.nth) == set()
    since = datetime.now(UTC)
    done = restored(world, since, "--json").json
    assert (done["plans"], done["runs"], looked["plans"]) == (9, 0, 9)
    assert rows(world, lost_plans.c.plan_id) == {each.plan_id for each in behind}
    assert rows(world, told_before.c.word) == {each.digest for each in behind}
    assert reads_on_from(world)[f"{world.prefix}auto-execute", 0] == len(known)
    assert restored(world, since, "--json").json["already"] is True
    assert restored(world, since).out == "already: that restore is noted\n"


def test_a_plan_may_have_run_where_it_was_cleared_or_somebody_approved_it(world: World) -> None:
    asked = {name: routed("send") for name in ("approved", "rejected", "pending", "too late")}
    requests = {name: each for name, each in asked.items() if isinstance(each, ApprovalRequested)}
    of_run = routed("note", run=run_of("lost"))
    world.send(*asked.values(), of_run, decision(requests["approved"]))
    world.send(decision(requests["rejected"], DecisionKind.REJECT))
    done = restored(world, datetime.now(UTC) - timedelta(hours=1), "--json").json
    assert (done["plans"], done["runs"]) == (2, 1)
    assert rows(world, lost_plans.c.plan_id, lost_plans.c.thread_id) == {
        (requests["approved"].plan_id, None),
        (of_run.plan_id, "lost"),
    }
    assert rows(world, planned_effects.c.plan_id, planned_effects.c.window_key) == {
        (of_run.plan_id, "note:thing 1")
    }


def test_what_was_decided_after_the_loss_led_to_nothing(world: World) -> None:
    request = routed("send")
    assert isinstance(request, ApprovalRequested)
    world.send(request, decision(request))
    hours = [datetime.now(UTC) - timedelta(hours=each) for each in (2, 1)]
    told = restored(world, hours[0], "--until", hours[1].isoformat())
    assert (told.code, told.err) == (0, "")
    assert "0 plans on the log may have run" in told.out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--since", "yesterday"], ["--since 'yesterday' is no moment", "2026-11-30T13:00:00Z"]),
        (["--since", "2026-11-30T13:00:00"], ["names no time zone", "2026-11-30T13:00:00Z"]),
        (["--since", "2126-11-30T13:00:00Z"], ["not in that order, or not over yet"]),
        (["--since", "2026-11-20T13:00:00Z", "--until", "2026-11-19T13:00:00Z"], ["not in that order"]),
    ],
)
def test_moments_that_cannot_be_are_refused(tmp_path: Path, more: list[str], words: list[str]) -> None:
    Shell(tmp_path).run("store", "restored", *more).complains(*words)
