"""Whether settings, Kafka, store, catalogue and graphs are such that work can start."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial

from gate_events.records import PlanProposed
from gate_events.topics import DECISIONS, TOPICS, Topic
from gate_store import migrate
from gate_store.roles.apply import missing
from gate_store.roles.prefix import PREFIX
from gate_store.store_url import is_postgres
from gate_store.try_clients import try_clients
from plangate.cli.counting import counted
from plangate.cli.doctor.finding import KAFKA, STORE, Found, Question, look
from plangate.cli.failures import CommandError
from plangate.cli.stores import must_be_there
from plangate.kafka import clients, topics
from plangate.kafka.own_rights import in_words, lacking, may_do_everything
from plangate.kafka.roles import OPTIONAL, Role, rights_of, topics_of
from plangate.settings import Settings
from plangate.wiring import open_catalogue, schema_ids
from plangate.worker.readiness import NotReadyError
from stream_apps.kafka_options import faust_settings
from stream_apps.resumer.graphs import load_graphs, refuse_unguarded

_SUPER = "this user is a super user, or the brokers refuse nobody anything"
_AUTHORIZE = "set authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer there"


def looks(settings: Settings, roles: Sequence[tuple[Role, str]]) -> Iterator[Question]:
    """What one process needs, and whether it is there. `roles` are this user's on Kafka."""
    yield Question(KAFKA, partial(_topics, roles, settings))
    if roles:
        yield Question("Kafka rights", partial(_rights, roles, settings))
    yield Question("decisions' moments", partial(_moments, roles, settings), KAFKA)
    yield Question("Kafka options", partial(_options, settings))
    yield Question("schema registry", partial(_registry, settings))
    yield Question(STORE, partial(_store, settings))
    yield Question("store's roles", partial(_roles, settings), STORE)
    yield Question("catalogue", partial(_catalogue, settings))
    yield Question("graphs", partial(_graphs, settings))


def _topics(roles: Sequence[tuple[Role, str]], settings: Settings) -> Found | str:
    states = topics.describe(settings, _seen_by(roles))
    spared = {settings.topic(topic.name) for topic in OPTIONAL}
    if problems := topics.problems(state for state in states if state.name not in spared):
        raise NotReadyError(problems)
    if problems := topics.problems(states):
        return look(problems, "until then a stop holds no service without a store, but by its host's file")
    return f"{settings.bootstrap_servers}: {counted(len(states), 'topic')}"


def _seen_by(roles: Sequence[tuple[Role, str]]) -> list[Topic]:
    seen = {topic for role, _ in roles for topic in topics_of(role)}
    return [topic for topic in TOPICS if topic in seen or not roles]


def _rights(roles: Sequence[tuple[Role, str]], settings: Settings) -> Found | str:
    wanted = [right for role, group in roles for right in rights_of(role, settings.topic_prefix, group)]
    lacks = lacking(settings, wanted)
    spared = {settings.topic(topic.name) for topic in OPTIONAL}
    if words := in_words(right for right in lacks if right.resource.name not in spared):
        raise NotReadyError(words)
    if lacks:
        return look(in_words(lacks), "until then a stop on Kafka is not heard or said here")
    names = ", ".join(role for role, _ in roles)
    if may_do_everything(settings):
        return look(f"far more than {names} must have: {_SUPER}", _AUTHORIZE)
    return f"all that {names} must have"


def _moments(roles: Sequence[tuple[Role, str]], settings: Settings) -> str:
    """Who dates decisions: deadlines and use-bys go by that."""
    if roles and Role.ADMIN not in {role for role, _ in roles}:  # who else may see a topic's options?
        return "not for this user to see"
    topics.require(settings, DECISIONS)
    dated_by, name = topics.dated_by(settings, DECISIONS), settings.topic(DECISIONS.name)
    if dated_by == topics.LOG_APPEND_TIME:
        return f"{name}: the broker's"
    earlier = "of a decision's own date and its first sight the earlier counts"
    if dated_by is None:
        return f"{name}: the cluster does not tell; {earlier}"
    alter = f"kafka-configs.sh --alter --entity-type topics --entity-name {name}"
    mend = f"{alter} --add-config message.timestamp.type={topics.LOG_APPEND_TIME}"
    raise CommandError(f"{name} is {dated_by}: {earlier}", mend)


def _options(settings: Settings) -> str:
    faust_settings(settings.kafka_options)
    clients.admin(settings)  # librdkafka's own judgement
    return f"{counted(len(settings.kafka_options), 'option')}, for the producers and the workers alike"


def _registry(settings: Settings) -> str:
    ids = schema_ids(settings)
    if ids is None:
        return "none is set: records are written in Avro's single-object encoding"
    return f"{ids!r}: plans have id {ids.id_for(PlanProposed, settings.topic('plans'))}"


def _store(settings: Settings) -> Found | str:
    must_be_there(settings)
    try_clients(settings.store_url)
    behind = migrate.behind(settings.store_url)
    if behind:
        raise NotReadyError(behind)
    if ahead := migrate.ahead(settings.store_url):
        return look(f"{settings.store_shown}: {ahead}; it works on", "update Plangate here")
    return f"{settings.store_shown}: schema {migrate.schema_of(settings.store_url)}"


def _roles(settings: Settings) -> str:
    """Whether an upgrade left roles of PostgreSQL without what they need."""
    if not is_postgres(settings.store_url):
        return "SQLite has none"
    lacks = missing(settings.store_url)
    if lacks is None:
        return f"none begin with {PREFIX}: each login may do what it was given"
    if lacks:
        more = f" and {len(lacks) - 1} more" if len(lacks) > 1 else ""
        raise CommandError(f"not there: {lacks[0]}{more}", "run `plangate store roles --apply`")
    return f"{PREFIX}…: each has what it needs"


def _catalogue(settings: Settings) -> str:
    catalogue = open_catalogue(settings)
    actions, rules = counted(len(catalogue.actions), "action type"), counted(len(catalogue.rules), "rule")
    return f"{settings.catalogue}: {actions}, {rules}"


def _graphs(settings: Settings) -> str:
    if not settings.graphs.exists():
        return f"{settings.graphs} is not there: this machine resumes no graphs"
    graphs = asyncio.run(load_graphs(settings.graphs))
    if settings.unguarded == "forbid":
        refuse_unguarded(graphs.values())
    told = [name if graph.is_guarded else f"{name} (no effects declared)" for name, graph in graphs.items()]
    return f"{settings.graphs}: {', '.join(sorted(told))}"
