"""`plangate doctor`: what is wrong, and the mend."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import typer

from gate_events.records import PlanProposed
from gate_events.topics import DECISIONS, TOPICS, Topic
from gate_store import migrate
from gate_store.roles.apply import PREFIX, missing
from gate_store.store_url import is_postgres
from gate_store.try_clients import try_clients
from plangate.cli.acls import role_of
from plangate.cli.failures import CommandError, line_for
from plangate.cli.output import JsonFlag, show
from plangate.kafka import clients, topics
from plangate.kafka.own_rights import in_words, lacking, may_do_everything
from plangate.kafka.roles import Role, rights_of, topics_of
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue, schema_ids
from plangate.worker.readiness import NotReadyError
from stream_apps.kafka_options import faust_settings
from stream_apps.resumer.graphs import load_graphs, refuse_unguarded

_SUPER = (
    "this user is a super user, or the brokers refuse nobody anything; "
    "set authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer there"
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    found: str
    remark: bool = False  # nothing is wrong, and yet it is worth a look

    @property
    def state(self) -> str:
        """In a word."""
        if not self.ok:
            return "WRONG"
        return "look" if self.remark else "ok"


class Remark(str):
    """What was found, worth a look though nothing is wrong."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    role: Annotated[
        list[str] | None,
        typer.Option(help="What this user is on Kafka; may be repeated. A service: service:GROUP."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Look at Kafka, topics, registry, store, graphs and catalogue. Exit code 1 where something is wrong.

    With logins of their own each part looks as itself: `plangate doctor --role router`
    """
    findings = list(examine(load_settings(), [role_of("--role", each) for each in role or ()]))
    rows = [_row(finding, as_json=as_json) for finding in findings]
    show(rows, as_json=as_json, title="Plangate's health", columns=("state", "what", "found"))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _row(finding: Finding, *, as_json: bool) -> dict[str, Any]:
    found = finding.found if as_json else finding.found.splitlines()
    return {"what": finding.what, "ok": finding.ok, "found": found, "state": finding.state}


def examine(settings: Settings, roles: Sequence[tuple[Role, str]] = ()) -> Iterator[Finding]:
    """Look at everything; one failure hides no other.

    `roles` are this user's on Kafka, with a service's group.
    """
    looks: dict[str, Callable[[Settings], str]] = {
        "Kafka and topics": partial(_topics, roles),
        **({"Kafka rights": partial(_rights, roles)} if roles else {}),
        "decisions' moments": partial(_moments, roles),
        "Kafka options": _options,
        "schema registry": _registry,
        "store": _store,
        "store's roles": _roles,
        "catalogue": _catalogue,
        "graphs": _graphs,
    }
    for what, look in looks.items():
        yield _looked(what, look, settings)


def _looked(what: str, look: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        found = look(settings)
        return Finding(what, True, found, remark=isinstance(found, Remark))
    except Exception as error:  # a doctor reports what she finds, whatever it is
        return Finding(what, False, line_for(error) or f"{type(error).__name__}: {error}")


def _topics(roles: Sequence[tuple[Role, str]], settings: Settings) -> str:
    states = topics.describe(settings, _seen_by(roles))
    if problems := topics.problems(states):
        raise NotReadyError(problems)
    return f"{settings.bootstrap_servers}: {len(states)} topics"


def _seen_by(roles: Sequence[tuple[Role, str]]) -> list[Topic]:
    seen = {topic for role, _ in roles for topic in topics_of(role)}
    return [topic for topic in TOPICS if topic in seen or not roles]


def _rights(roles: Sequence[tuple[Role, str]], settings: Settings) -> str:
    wanted = [right for role, group in roles for right in rights_of(role, settings.topic_prefix, group)]
    if lacks := in_words(lacking(settings, wanted)):
        raise NotReadyError(lacks)
    names = ", ".join(role for role, _ in roles)
    if may_do_everything(settings):
        return Remark(f"far more than {names} must have: {_SUPER}")
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
    return f"{len(settings.kafka_options)} options, for the producers and the workers alike"


def _registry(settings: Settings) -> str:
    ids = schema_ids(settings)
    if ids is None:
        return "none is set: records are written in Avro's single-object encoding"
    return f"{ids!r}: plans have id {ids.id_for(PlanProposed, settings.topic('plans'))}"


def _store(settings: Settings) -> str:
    try_clients(settings.store_url)
    behind = migrate.behind(settings.store_url)
    if behind:
        raise NotReadyError(behind)
    ahead = migrate.ahead(settings.store_url)
    return f"{settings.store_shown}: {ahead}; it works on" if ahead else settings.store_shown


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
    return f"{settings.catalogue}: {len(catalogue.actions)} action types, {len(catalogue.rules)} rules"


def _graphs(settings: Settings) -> str:
    if not settings.graphs.exists():
        return f"{settings.graphs} is not there: this machine resumes no graphs"
    graphs = asyncio.run(load_graphs(settings.graphs))
    if settings.unguarded == "forbid":
        refuse_unguarded(graphs.values())
    told = [name if graph.is_guarded else f"{name} (no effects declared)" for name, graph in graphs.items()]
    return f"{settings.graphs}: {', '.join(sorted(told))}"
