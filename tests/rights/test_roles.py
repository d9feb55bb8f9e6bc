"""The table of roles says what the code does."""

from dataclasses import replace

import pytest

from gate_events.topics import (
    APPROVAL_REQUESTS,
    AUTONOMY,
    DEAD_LETTERS,
    DECISIONS,
    STOPS,
    TOPIC_OF,
    TOPICS,
    VERDICTS,
)
from gate_policy.catalogue import load_catalogue
from gate_store.outbox import BY_RESUMERS
from plangate.kafka.roles import PARTS, Kind, Operation, Role, needed_rights, rights_of, topics_of
from stream_apps.config import GATEKEEPER, ROUTER, AppsConfig
from stream_apps.faust_app import build_app
from stream_apps.gatekeeper.gatekeeping import INPUTS
from stream_apps.router.routing import OUTPUTS
from tests.apps.world import CATALOGUE
from tests.docs.markdown import ROOT

CONFIG = AppsConfig(
    kafka={"bootstrap.servers": "127.0.0.1:1"}, store_url="", catalogue=load_catalogue(CATALOGUE)
)


def names(
    role: Role, operation: Operation, kind: Kind, prefix: str = "", group: str | None = None
) -> set[str]:
    rights = rights_of(role, prefix, group)
    return {
        each.resource.name for each in rights if each.operation is operation and each.resource.kind is kind
    }


def test_the_router_writes_what_it_makes_of_plans() -> None:
    assert set(PARTS[Role.ROUTER].writes) == {*(TOPIC_OF[record] for record in OUTPUTS), DEAD_LETTERS}


def test_the_gatekeeper_reads_its_inputs() -> None:
    assert {topic.name for topic in PARTS[Role.GATEKEEPER].reads} == {*INPUTS, STOPS.name}


def test_a_resumer_writes_what_it_publishes_and_so_nothing_that_decides() -> None:
    assert set(PARTS[Role.RESUMER].writes) == {*(TOPIC_OF[record] for record in BY_RESUMERS), DEAD_LETTERS}
    assert not {DECISIONS, VERDICTS} & set(PARTS[Role.RESUMER].writes)


def test_every_topic_has_a_writer_but_the_one_that_nothing_writes_yet() -> None:
    written = {topic for part in PARTS.values() for topic in part.writes}
    assert set(TOPICS) - written == {AUTONOMY}


def test_only_who_decides_and_the_gatekeeper_says_what_is_stopped() -> None:
    writers = {role for role, part in PARTS.items() if STOPS in part.writes}
    assert writers == {Role.REVIEWER, Role.GATEKEEPER}


@pytest.mark.parametrize("role", [Role.ROUTER, Role.GATEKEEPER, Role.RESUMER])
def test_no_worker_needs_the_topic_of_stops_to_start(role: Role) -> None:
    assert "acme.stops" not in {right.resource.name for right in needed_rights(role, "acme.")}
    spared = [right for right in rights_of(role, "acme.") if right not in needed_rights(role, "acme.")]
    assert {right.resource.name for right in spared} <= {"acme.stops"}


@pytest.mark.parametrize("app", [ROUTER, GATEKEEPER])
def test_an_apps_group_is_the_one_that_it_consumes_in(app: str) -> None:
    group = build_app(app, replace(CONFIG, topic_prefix="acme.")).conf.id
    assert names(Role(app), Operation.READ, Kind.GROUP, "acme.") == {group}


def test_topics_and_groups_have_the_operators_prefix() -> None:
    assert names(Role.SERVICE, Operation.READ, Kind.TOPIC, "acme.") == {
        "acme.auto-execute",
        "acme.verdicts",
        "acme.stops",
    }
    assert names(Role.SERVICE, Operation.READ, Kind.GROUP, "acme.", "mailer") == {"acme.mailer"}
    assert names(Role.SERVICE, Operation.DESCRIBE, Kind.GROUP, "acme.") == {"acme.plangate-gatekeeper"}
    assert names(Role.AUDITOR, Operation.DESCRIBE, Kind.GROUP, "acme.") == {
        "acme.plangate-reader-",
        "acme.plangate-router",
        "acme.plangate-gatekeeper",
    }


def test_nobody_but_the_admin_makes_topics_or_gives_rights() -> None:
    owners = {Operation.CREATE, Operation.ALTER, Operation.ALTER_CONFIGS}
    assert {role for role in Role if owners & {each.operation for each in rights_of(role)}} == {Role.ADMIN}
    assert names(Role.ADMIN, Operation.WRITE, Kind.TOPIC) == {"dead-letters"}


def test_a_role_must_see_what_it_uses_and_no_more() -> None:
    assert topics_of(Role.REVIEWER) == [DECISIONS, STOPS]
    assert APPROVAL_REQUESTS in topics_of(Role.ROUTER)
    assert VERDICTS not in topics_of(Role.ROUTER)


@pytest.mark.parametrize("role", Role)
def test_the_documented_table_is_this_one(role: Role) -> None:
    text = (ROOT / "docs" / "kafka-rights.md").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith(f"| `{role}` |"))
    _, _, _, reads, writes, *_ = (cell.strip() for cell in line.split("|"))
    part = PARTS[role]
    assert reads == (", ".join(topic.name for topic in part.reads) or "-")
    assert writes == (", ".join(topic.name for topic in part.writes) or "-")
