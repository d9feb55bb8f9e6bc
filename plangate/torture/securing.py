"""A login of its own for every part of a laboratory, on Kafka and on PostgreSQL, with its role's rights."""

import secrets
from collections.abc import Iterator, Sequence

import psycopg
from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are public
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from psycopg import sql
from sqlalchemy import make_url

from gate_store.roles import apply as roles_of_store
from gate_store.roles.prefix import PREFIX
from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.stack import Stack, environment, variables
from plangate.kafka import acls
from plangate.kafka.clients import admin
from plangate.kafka.roles import Role, rights_of
from plangate.settings import Settings, load_settings
from plangate.torture.logins import Logins
from plangate.torture.services.plans import ACTIONS, group_of

USERS = (Role.ROUTER, Role.GATEKEEPER, Role.RESUMER, Role.AGENT, Role.SERVICE, Role.REVIEWER)
TRANSACTIONS = "torture-"  # transactional ids of liars begin so
_GRANT_S = 30.0


def secure(stack: Stack, kafka: ApacheKafka) -> Logins:
    """Give every role its rights, as docs/security.md says, and a login."""
    acls.apply(stack.settings, list(_grants(stack.settings)))
    _allow_transactions(stack.settings)
    roles_of_store.apply(stack.settings.store_url)
    return {
        role: {
            **variables(kafka.options_of(role)),
            "PLANGATE_STORE_URL": _login(stack.settings.store_url, role),
        }
        for role in USERS
    }


def settings_of(logins: Logins, role: Role) -> Settings:
    """The settings in force, with that role's login where it has one of its own.

    Before other threads begin: the environment is another meanwhile.
    """
    with environment(logins.get(role, {})):
        return load_settings()


def _grants(settings: Settings) -> Iterator[acls.Grant]:
    for role in USERS:
        groups: Sequence[str | None] = (
            [group_of(each) for each in ACTIONS] if role is Role.SERVICE else [None]
        )
        for group in groups:
            for right in rights_of(role, settings.topic_prefix, group):
                yield acls.Grant(role, f"User:{role}", right)


def _allow_transactions(settings: Settings) -> None:
    """Nothing of ours writes in transactions; who lies may."""
    bindings = [
        AclBinding(
            ResourceType.TRANSACTIONAL_ID,
            TRANSACTIONS,
            ResourcePatternType.PREFIXED,
            f"User:{role}",
            "*",
            AclOperation.WRITE,
            AclPermissionType.ALLOW,
        )
        for role in USERS
    ]
    client = admin(settings)
    for future in client.create_acls(bindings).values():
        future.result(_GRANT_S)


def _login(url: str, role: Role) -> str:
    name, password = f"torture_{role}", secrets.token_hex(8)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                sql.Identifier(name),
                sql.Literal(password),
                sql.Identifier(f"{PREFIX}{role}"),
            )
        )
    return make_url(url).set(username=name, password=password).render_as_string(hide_password=False)
