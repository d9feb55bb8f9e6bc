"""What doctor says of who works and of what waits, each with its state."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from sqlalchemy import Connection, Engine, update

from gate_events.topics import PLANS
from gate_store import outbox
from gate_store.clearances import record_cleared
from gate_store.clock import expiry
from gate_store.database import open_store
from gate_store.heartbeats import Process, begin_to_beat
from gate_store.tables import heartbeats
from gate_store.views import What, note_views
from plangate.cli import doctor
from plangate.cli.counting import counted
from plangate.cli.doctor import examine, say_finding
from plangate.cli.doctor.at_work import looks
from plangate.cli.doctor.finding import STORE, Finding, Question, State, looked
from plangate.cli.failures import CommandError
from plangate.cli.heard_of import not_done, not_resumed
from plangate.dev.mock_kafka import MockKafka
from plangate.kafka.backlog import Lag, backlog, lag_of
from plangate.kafka.roles import PARTS, Role
from plangate.settings import Settings
from plangate.wiring import open_catalogue
from tests.cli.commands import CATALOGUE
from tests.store.acting import ask, decide, paused
from tests.store.examples import NOON, asked, asked_in_doubt, cleared, decided, plan_id, proposed, run
from tests.stores import migrated


def ready(conn: Connection) -> None:
    """A run whose plan is approved."""
    request = asked(run=run())
    ask(conn, request)
    decide(conn, decided(request))


ALL = {"router": None, "gatekeeper": None, "resumer": None}
LATER = NOON + timedelta(hours=2)
GRAPHS = {"billing": "v1"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    url = f"sqlite:///{tmp_path / 'plangate.db'}"
    migrated(url)
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(CATALOGUE)
    return Settings(store_url=url, catalogue=catalogue, graphs=tmp_path / "langgraph.json")


@pytest.fixture
def store(settings: Settings) -> Iterator[Engine]:
    engine = open_store(settings.store_url)
    yield engine
    engine.dispose()


def findings(settings: Settings) -> dict[str, Finding]:
    """At two in the afternoon."""
    return {each.what: looked(each.what, each.look) for each in looks(settings, lambda: LATER)}


def starts(conn: Connection, settings: Settings, name: str = "a", **by: object) -> None:
    """A process that does all, since then."""
    works_by = {"version": "1.0", "catalogue": open_catalogue(settings).digest, "graphs": GRAPHS, **by}
    begin_to_beat(conn, Process(name, name, "machine", **works_by), ALL, LATER)  # type: ignore[arg-type] # by name


def test_with_a_worker_and_nothing_that_waits_all_is_well(settings: Settings, store: Engine) -> None:
    with store.begin() as conn:
        starts(conn, settings)
    found = findings(settings)
    assert {what: each.found for what, each in found.items() if each.state != "ok"} == {}
    assert found["router"].found == f"a since {NOON:%-d %b %Y} 14:00 UTC"
    assert found["catalogue in force"].found.endswith(", by all")


def test_without_a_worker_each_part_is_missing_with_the_command_that_starts_it(settings: Settings) -> None:
    settings.graphs.write_text("{}")
    found = findings(settings)
    for part in ALL:
        assert (found[part].state, found[part].found) == ("wrong", f"no {part} heard of")
        assert found[part].mend == f"run `plangate worker --only {part}`"


def test_who_has_services_alone_needs_no_resumer(settings: Settings, store: Engine) -> None:
    assert findings(settings)["resumer"].state == "ok"
    with store.begin() as conn:
        paused(conn, asked(run=run()))
    assert findings(settings)["resumer"].state == "wrong"


def test_a_silent_worker_is_worth_a_look_beside_one_that_works_and_wrong_alone(
    settings: Settings, store: Engine
) -> None:
    with store.begin() as conn:
        starts(conn, settings, "a")
        starts(conn, settings, "b")
        conn.execute(update(heartbeats).where(heartbeats.c.name == "b").values(beat_at=NOON))
    found = findings(settings)["router"]
    assert (found.state, found.found) == (
        "look",
        f"b on machine not heard of since {NOON:%-d %b %Y} 12:00 UTC",
    )
    with store.begin() as conn:
        conn.execute(update(heartbeats).values(beat_at=NOON))
    found = findings(settings)["router"]
    assert (found.state, found.found) == ("wrong", f"no router heard of since {NOON:%-d %b %Y} 12:00 UTC")


def test_who_is_in_trouble_says_so_in_doctor(settings: Settings, store: Engine) -> None:
    with store.begin() as conn:
        starts(conn, settings)
        conn.execute(update(heartbeats).values(trouble="Kafka \x1bdoes not answer", beat_at=LATER))
    found = findings(settings)["gatekeeper"]
    assert (found.state, found.found) == ("wrong", r"gatekeeper a says: Kafka \x1bdoes not answer")


def test_two_versions_of_plangate_or_of_a_graph_are_worth_a_look(settings: Settings, store: Engine) -> None:
    with store.begin() as conn:
        starts(conn, settings, "a")
        starts(conn, settings, "b", version="1.1", graphs={"billing": "v2", "mail": "v1"})
    found = findings(settings)["versions"]
    assert found.state == "look"
    assert found.found == "plangate: 1.0 (a), 1.1 (b); graph billing: v1 (a), v2 (b)"


def test_a_catalogue_that_is_not_in_force_is_named(settings: Settings, store: Engine) -> None:
    with store.begin() as conn:
        starts(conn, settings, "a")
        starts(conn, settings, "b")
    settings.catalogue.write_text(CATALOGUE.replace("REVERSIBLE", "IRREVERSIBLE", 1))
    with store.begin() as conn:
        starts(conn, settings, "c")
    found = findings(settings)["catalogue in force"]
    assert found.state == "look"
    assert "catalogue.yaml is " in found.found
    assert found.found.endswith(" (a, b)")


WAITING: dict[str, tuple[Callable[[Connection], object], str, str]] = {
    "open gates": (lambda conn: ask(conn, asked()), "wrong", "1 of 1 are past their deadline"),
    "in doubt": (lambda conn: ask(conn, asked_in_doubt()), "look", "the first asked about 2 h 0 min ago"),
    "paused runs": (
        lambda conn: paused(conn, asked(run=run())),
        "wrong",
        "with neither gate nor clearance; t1",
    ),
    "ready runs": (
        ready,
        "wrong",
        "no resumer heard of has the graph: 1 of graph billing",
    ),
    "clearances": (
        lambda conn: record_cleared(conn, [cleared()], NOON),
        "look",
        f"plan {plan_id()} was cleared 2 h 0 min ago",
    ),
    "outbox": (lambda conn: outbox.put(conn, [proposed()], NOON), "wrong", "1 records are not on Kafka"),
}


@pytest.mark.parametrize("what", WAITING)
def test_what_waits_too_long_is_told_with_its_mend(settings: Settings, store: Engine, what: str) -> None:
    happens, state, words = WAITING[what]
    with store.begin() as conn:
        starts(conn, settings, graphs={})
        happens(conn)
    found = findings(settings)[what]
    assert (found.state, words in found.found) == (state, True), found
    assert found.mend


def test_runs_says_of_which_graph_nobody_resumes_runs(settings: Settings, store: Engine) -> None:
    with store.begin() as conn:
        ready(conn)
        assert (
            not_resumed(conn, LATER) == "nobody resumes runs now of graph billing: no resumer of it heard of"
        )
        assert not_done(conn, LATER, "gatekeeper") == "nobody acts on decisions now: no gatekeeper heard of"


def test_a_finding_is_one_line_and_its_mend_the_next_whatever_it_quotes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say_finding(Finding("outbox", State.OK, "well"))
    say_finding(Finding("router", State.WRONG, "it says\n\x1b[31mok", "start it"))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["ok    outbox: well", r"wrong router: it says\n\x1b[31mok", "      mend: start it"]


def test_lag_counts_what_a_group_has_not_taken_and_knows_the_age_of_the_first(
    mock_kafka: MockKafka, topic_prefix: str
) -> None:
    settings = Settings(kafka={"bootstrap.servers": mock_kafka.bootstrap_servers}, topic_prefix=topic_prefix)
    topics = PARTS[Role.GATEKEEPER].reads
    mock_kafka.create_topics(*(settings.topic(topic.name) for topic in topics))
    assert lag_of(settings, Role.GATEKEEPER, topics) == Lag(0)
    producer = Producer({"bootstrap.servers": mock_kafka.bootstrap_servers})
    for number, topic in enumerate(topics):
        at = int((NOON + timedelta(minutes=number)).timestamp() * 1000)
        producer.produce(settings.topic(topic.name), b"a record", timestamp=at)
    assert producer.flush(10) == 0
    assert lag_of(settings, Role.GATEKEEPER, topics) == Lag(len(topics), NOON)
    options = {"bootstrap.servers": mock_kafka.bootstrap_servers}
    group = Consumer({**options, "group.id": f"{topic_prefix}plangate-gatekeeper"})
    first = settings.topic(topics[0].name)
    group.commit(offsets=[TopicPartition(first, number, 1) for number in range(4)], asynchronous=False)
    group.close()
    assert lag_of(settings, Role.GATEKEEPER, topics) == Lag(len(topics) - 1, NOON + timedelta(minutes=1))


def test_of_a_topic_that_is_hidden_or_gone_no_backlog_is_known(
    mock_kafka: MockKafka, topic_prefix: str
) -> None:
    settings = Settings(kafka={"bootstrap.servers": mock_kafka.bootstrap_servers}, topic_prefix=topic_prefix)
    assert backlog(settings, Role.ROUTER, PLANS) is None


def test_a_cause_is_said_once_with_what_it_keeps_from_being_looked_at(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_store() -> str:
        raise CommandError("the store is gone", "start it")

    def not_asked() -> str:
        raise AssertionError("it was looked at all the same")

    questions = [Question(STORE, no_store), Question("catalogue", lambda: "in order")]
    monkeypatch.setattr(doctor.setup, "looks", lambda *_: iter(questions))
    hidden = [Question(what, not_asked, STORE) for what in ("router", "open gates")]
    monkeypatch.setattr(doctor.at_work, "looks", lambda _: iter(hidden))
    monkeypatch.setattr(doctor.on_kafka, "looks", lambda _: iter(()))
    for finding in examine(settings, [], whole=True):
        say_finding(finding)
    assert capsys.readouterr().out.splitlines() == [
        "wrong store: the store is gone",
        "      mend: start it",
        "      so not looked at: router, open gates",
        "ok    catalogue: in order",
    ]


@pytest.mark.parametrize(("count", "words"), [(0, "0 options"), (1, "1 option"), (1200, "1,200 options")])
def test_one_thing_is_no_plural(count: int, words: str) -> None:
    assert counted(count, "option") == words


def test_what_expired_undecided_is_worth_a_look_for_a_day(settings: Settings, store: Engine) -> None:
    requests = [asked(plan_id(number)) for number in range(3)]
    with store.begin() as conn:
        ask(conn, *requests)
        note_views(conn, "ana", What.SEEN, [requests[0].request_id], NOON)
        decide(conn, *map(expiry, requests))
    found = findings(settings)["expired undecided"]
    assert (found.state, found.found) == (
        "look",
        "3 gates expired undecided in 24 h, 2 of them never seen by anybody who said so",
    )
    assert "`plangate pending --expired`" in found.mend
