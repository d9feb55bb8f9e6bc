"""Dead letters are claims: what one says of its origin is held against the topic that it names."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from gate_events.codec import decode, encode
from gate_events.records import DecisionMade, PlanProposed
from gate_events.topics import TOPICS
from gate_events.values import Step
from plangate.dev.mock_kafka import MockKafka
from plangate.kafka.reading import read_all
from plangate.settings import Settings
from tests.cli.commands import SECRET, Ended, Shell
from tests.events.samples import SAMPLES

Place = tuple[int | None, int | None]  # partition and offset
A_PLAN = encode(next(each for each in SAMPLES if isinstance(each, PlanProposed)))
SECRETIVE = "{version: 1, actions: {send_email: {tier: IRREVERSIBLE, secret: [pin]}}}"
_STEP = Step(step_id="s1", action_type="send_email", arguments={"to": "ana", "pin": SECRET})
A_PLAN_WITH_A_SECRET = encode(msgspec.structs.replace(decode(A_PLAN, PlanProposed), steps=(_STEP,)))
A_DECISION = encode(next(each for each in SAMPLES if isinstance(each, DecisionMade)))


@dataclass(frozen=True)
class Cluster:
    """A cluster on which records die, and a shell beside it."""

    shell: Shell
    kafka: MockKafka
    prefix: str

    def put(self, on: str, value: bytes | None, *, key: bytes = b"key", **marks: str) -> Place:
        """A record on a topic, with these headers of a letter; its partition and offset."""
        placed: list[Place] = []
        producer = Producer({"bootstrap.servers": self.kafka.bootstrap_servers})
        headers: Any = [(f"plangate_{name}", text.encode()) for name, text in marks.items()]
        producer.produce(
            f"{self.prefix}{on}",
            value,
            key,
            headers=headers or [("mine", b"1")],
            on_delivery=lambda _, message: placed.append((message.partition(), message.offset())),
        )
        assert producer.flush(10) == 0
        return placed[0]

    def letter(self, name: str, value: bytes, topic: str, place: Place, **marks: Any) -> None:
        """A record among the dead letters that says where it stood."""
        at = {"topic": topic, "partition": str(place[0]), "offset": str(place[1])}
        self.put("dead-letters", value, **{"event_id": name, "error": "x", **at, **marks})

    def die(self, name: str, value: bytes, topic: str) -> None:
        """A record on a topic, and its letter."""
        self.letter(name, value, topic, self.put(topic, value))

    def run(self, *arguments: str) -> Ended:
        """`plangate dead-letters`."""
        return self.shell.run("dead-letters", *arguments)

    def run_in(self, columns: int, *arguments: str) -> Ended:
        """The same on a screen of so many columns."""
        return self.shell.with_(COLUMNS=str(columns)).run("dead-letters", *arguments)

    def listed(self, *options: str) -> dict[str, str]:
        """The marks of the letters that are listed, by their ids."""
        return {row["id"]: row["mark"] for row in self.run("list", "--json", *options).json}

    def values(self, topic: str) -> list[bytes | None]:
        """All that stands on a topic."""
        settings = Settings(kafka={"bootstrap.servers": self.kafka.bootstrap_servers})
        return [message.value() for message in read_all(settings, f"{self.prefix}{topic}")]


@pytest.fixture
def cluster(shell: Shell, mock_kafka: MockKafka, topic_prefix: str) -> Cluster:
    mock_kafka.create_topics(*(f"{topic_prefix}{topic.name}" for topic in TOPICS))
    there = shell.with_(
        PLANGATE_KAFKA_BOOTSTRAP_SERVERS=mock_kafka.bootstrap_servers, PLANGATE_TOPIC_PREFIX=topic_prefix
    )
    return Cluster(there, mock_kafka, topic_prefix)


def test_a_record_that_died_is_put_back_and_marked(cluster: Cluster) -> None:
    cluster.die("a-plan", A_PLAN, "plans")
    assert cluster.listed() == {"a-plan": ""}
    assert cluster.run("replay", "a-p", "--json").json == {"replayed": "a-plan", "topic": "plans"}
    assert cluster.values("plans") == [A_PLAN, A_PLAN]
    assert cluster.listed() == {}
    assert cluster.listed("--all") == {"a-plan": "replayed"}
    assert "--all" in cluster.run("list").out


def test_a_letter_is_listed_with_its_time_and_shown_as_what_its_bytes_say(cluster: Cluster) -> None:
    cluster.shell.write("catalogue.yaml", SECRETIVE)
    cluster.die("a-plan", A_PLAN_WITH_A_SECRET, "plans")
    [row] = cluster.run("list", "--json").json
    listed = cluster.run("list").out
    assert datetime.fromisoformat(row["at"]).astimezone(UTC).strftime("%H:%M") in listed
    told = cluster.run("show", "a-plan", "--json").json
    assert told["key_text"] == "key"
    assert told["record"]["steps"][0]["arguments"] == {"to": "ana", "pin": "•••"}
    assert SECRET not in cluster.run("show", "a-plan").out
    cluster.letter("broken", b"\xff\xfe", "plans", (0, 99))
    assert cluster.run("show", "broken", "--json").json["record"] is None


def test_a_letter_that_was_made_up_becomes_no_decision(cluster: Cluster) -> None:
    cluster.letter("forged", A_DECISION, "decisions", (0, 0))
    cluster.run("replay", "forged").complains("no such record", "decisions-0 at 0", "--unproven")
    cluster.put("decisions", A_PLAN)  # something else at that place
    cluster.run("replay", "forged").complains("no such record")
    assert cluster.values("decisions") == [A_PLAN]


def test_an_unproven_letter_is_believed_where_a_person_says_so(cluster: Cluster) -> None:
    cluster.letter("expired", A_PLAN, "plans", (0, 17))
    assert cluster.run("replay", "expired", "--unproven").code == 0
    assert cluster.values("plans") == [A_PLAN]


@pytest.mark.parametrize("options", [(), ("--unproven",)])
def test_nothing_is_put_back_where_it_does_not_belong(cluster: Cluster, options: tuple[str, ...]) -> None:
    cluster.die("garbage", b"\x00garbage", "plans")
    cluster.die("misplaced", A_DECISION, "plans")
    cluster.letter("elsewhere", A_PLAN, "payroll", (0, 0))
    cluster.letter("loop", A_PLAN, "dead-letters", (0, 0))
    cluster.run("replay", "garbage", *options).complains("it is no PlanProposed", "discard")
    cluster.run("replay", "misplaced", *options).complains("it is no PlanProposed", "plans")
    cluster.run("replay", "elsewhere", *options).complains("it came from payroll, no topic of ours")
    cluster.run("replay", "loop", *options).complains("no topic of ours")
    assert len(cluster.values("plans")) == 2
    assert len(cluster.listed()) == 4


def test_a_service_names_the_topic_with_its_prefix(cluster: Cluster) -> None:
    place = cluster.put("plans", A_PLAN)
    cluster.letter("prefixed", A_PLAN, f"{cluster.prefix}plans", place)
    assert cluster.run("replay", "prefixed").code == 0
    assert cluster.values("plans") == [A_PLAN, A_PLAN]


def test_a_letter_that_was_cut_is_put_back_whole_from_its_topic(cluster: Cluster) -> None:
    place, digest = cluster.put("plans", A_PLAN), hashlib.sha256(A_PLAN).hexdigest()
    cluster.letter("cut", A_PLAN[:10], "plans", place, sha256=digest)
    assert cluster.run("replay", "cut").code == 0
    assert cluster.values("plans") == [A_PLAN, A_PLAN]
    cluster.letter("lost", A_PLAN[:10], "plans", (0, 99), sha256=digest)
    cluster.run("replay", "lost", "--unproven").complains("it was cut", "from the spool")


def test_letters_without_headers_are_listed_and_discarded_by_their_place(cluster: Cluster) -> None:
    partition, offset = cluster.put("dead-letters", b"who am I?")
    place = f"{partition}@{offset}"
    assert cluster.listed() == {place: ""}
    assert cluster.run("show", place, "--json").json["value"] == b"who am I?".hex()
    cluster.run("replay", place).complains("it names no topic")
    assert cluster.run("discard", place, "--json").json == {"discarded": place}
    assert cluster.listed() == {}
    assert cluster.listed("--all") == {place: "discarded"}


def test_two_letters_of_one_id_are_told_apart_by_their_places(cluster: Cluster) -> None:
    """A second one with the id of the first would be shown as the one, and put back as the other."""
    cluster.die("twin", A_PLAN, "plans")
    cluster.die("twin", A_PLAN + b" ", "plans")
    said = cluster.run("show", "twin").complains("2 dead letters of that id differ", "@")
    assert said.count("@") == 2


def test_the_same_letter_read_twice_is_one(cluster: Cluster) -> None:
    place = cluster.put("plans", A_PLAN)
    for _ in range(2):
        cluster.letter("again", A_PLAN, "plans", place)
    assert cluster.run("replay", "again").code == 0


def test_a_long_list_says_what_it_leaves_out(cluster: Cluster) -> None:
    for number in range(5):
        cluster.letter(f"letter-{number}", A_PLAN, "plans", (0, number))
    assert len(cluster.listed("--limit", "2")) == 2
    assert "2 of 5, the newest; --limit shows more" in cluster.run("list", "--limit", "2").out


def test_whoever_asks_about_a_plan_is_told_of_its_records_alone(cluster: Cluster) -> None:
    cluster.letter("theirs", A_PLAN, "plans", (0, 4), key=b"plan-2")
    cluster.letter("ours", A_PLAN, "outcomes", (1, 5), key=b"plan-1", error="nobody cleared it")
    (letter,) = cluster.run("list", "--plan", "plan-1", "--json").json
    told = {name: letter[name] for name in ("topic", "partition", "offset", "error")}
    assert told == {"topic": "outcomes", "partition": "1", "offset": "5", "error": "nobody cleared it"}
    assert "of 1" not in cluster.run("list", "--plan", "plan-1").out
    assert cluster.listed("--plan", "plan-3") == {}


def test_what_a_letter_says_fakes_nothing_on_the_screen(cluster: Cluster) -> None:
    cluster.letter("sly\n\x1b[8m", A_PLAN, "plans\u202e", (0, 0), error="gone\r\x1b[2J", **{"ev\x1bil": "x"})
    for command in (
        ("list",),
        ("list", "--json"),
        ("show", "sly"),
        ("show", "sly", "--json"),
        ("replay", "sly"),
    ):
        ended = cluster.run(*command)
        assert not set("\x1b\r\u202e") & set(ended.out + ended.err), command


def test_a_listed_id_is_whole_and_its_error_legible_at_80_columns(cluster: Cluster) -> None:
    letter, error = "e3138e3b-86ac-5986-9d86-8a483c390da4", "the plan of run night-17 is asked about already"
    cluster.letter(letter, A_PLAN, "approval-requests", (3, 5), error=error)
    first, *below = cluster.run_in(80, "list").out.splitlines()
    assert first.startswith(f"{letter}  ")
    assert max(map(len, below)) <= 80
    assert " ".join(" ".join(below).split()) == f"approval-requests, partition 3, offset 5: {error}"
