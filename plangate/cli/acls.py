"""`plangate topics acls`: what each role needs on Kafka, and ACLs that give it or no longer do."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

import typer

from gate_events.groups import GROUPS
from gate_events.names import fault_of_name
from plangate.cli.failures import CommandError
from plangate.cli.output import print_json, show
from plangate.kafka import acls as brokers
from plangate.kafka.acls import Grant
from plangate.kafka.roles import Kind, Right, Role, rights_of
from plangate.kafka.strimzi import kafka_users
from plangate.settings import Settings, load_settings

K = TypeVar("K")

_WIDTH = 78  # a command's longest line
_ROLES = ", ".join(Role)


def acls(
    principals: Sequence[str],
    apply: bool = False,
    remove: bool = False,
    commands: bool = False,
    strimzi: bool = False,
    cluster: str = "my-cluster",
    *,
    as_json: bool = False,
) -> None:
    """Show what these need, or all roles; or give it, or print what gives it. Raises CommandError."""
    settings = load_settings()
    if (apply or remove or commands or strimzi) and not principals:
        raise CommandError("nobody is named", "give --principal ROLE=User:NAME, once for each")
    if strimzi and (apply or remove or commands or as_json):
        mend = "leave out --apply, --remove, --commands and --json"
        raise CommandError("--strimzi: its User Operator gives the rights, from these resources alone", mend)
    grants = [grant for text in principals for grant in _grants(text, settings.topic_prefix)]
    if strimzi:
        typer.echo(kafka_users(grants, cluster), nl=False)
        return
    if commands:
        for command in _commands(grants, settings.bootstrap_servers, remove):
            typer.echo(command)
    if apply:
        _show(grants, as_json, _applied(settings, grants, remove))
    elif not commands:
        _show(grants or _everybody(settings.topic_prefix), as_json, {})


def _applied(settings: Settings, grants: Sequence[Grant], remove: bool) -> dict[Grant, str]:
    """What became of each."""
    if remove:
        taken = brokers.remove(settings, grants)
        return {grant: "taken" if was else "not there" for grant, was in taken.items()}
    return {grant: "made" if new else "there" for grant, new in brokers.apply(settings, grants).items()}


def _everybody(prefix: str) -> list[Grant]:
    return [Grant(role, "", right) for role in Role for right in rights_of(role, prefix, "GROUP")]


def _grants(text: str, prefix: str) -> list[Grant]:
    """What `ROLE=User:NAME` asks for. Raises CommandError."""
    who, _, principal = text.partition("=")
    field, kind_and_name = f"--principal {text}", principal.partition(":")
    if kind_and_name[0] != "User" or kind_and_name[2] in ("", "*"):
        raise CommandError(f"{field}: {principal!r} is nobody's name", f"write {who}=User:NAME")
    if fault := fault_of_name(principal):
        raise CommandError(f"{field}: the name {fault}", "write it as the brokers know it")
    role, group = role_of("--principal", who, f"={principal}")
    return [Grant(role, principal, right) for right in rights_of(role, prefix, group)]


def role_of(option: str, who: str, rest: str = "") -> tuple[Role, str]:
    """The role that `ROLE` or `service:GROUP` names, and the group. Raises CommandError."""
    name, _, group = who.partition(":")
    field = f"{option} {who}{rest}"
    if name not in list(Role):
        raise CommandError(f"{field}: {name!r} is no role", f"name one of {_ROLES}")
    if fault := fault_of_name(group or name):
        raise CommandError(f"{field}: the group {fault}", "write it as the brokers know it")
    if (name == Role.SERVICE) != bool(group):
        wanted = "service:GROUP" if name == Role.SERVICE else name
        raise CommandError(f"{field}: only a service names its consumer group", f"write {wanted}{rest}")
    if group.startswith(GROUPS):
        raise CommandError(f"{field}: groups that begin with {GROUPS} are Plangate's own", "take another")
    return Role(name), group


def _show(grants: Sequence[Grant], as_json: bool, states: Mapping[Grant, str]) -> None:
    if as_json:
        print_json([_row(grant, states) for grant in grants])
        return
    named, applied = any(grant.principal for grant in grants), bool(states)
    columns = ["role", *["principal"] * named, "may", *["state"] * applied, "on"]
    show(list(_lines(grants, states)), as_json=False, title="Rights on Kafka", columns=columns)


def _row(grant: Grant, states: Mapping[Grant, str]) -> dict[str, Any]:
    right, resource = grant.right, grant.right.resource
    about = {"kind": resource.kind, "name": resource.name, "prefixed": resource.prefixed}
    state = {"state": states[grant]} if grant in states else {}
    return {"role": grant.role, "principal": grant.principal, "may": right.operation, **about, **state}


def _lines(grants: Sequence[Grant], states: Mapping[Grant, str]) -> Iterator[dict[str, str]]:
    """A line for each role, operation and state."""
    lines = _together(
        grants, lambda each: (each.role, each.principal, each.right.operation, states.get(each, ""))
    )
    for (role, principal, may, state), some in lines.items():
        on = _resources([grant.right for grant in some])
        yield {"role": role, "principal": principal, "may": may, "state": state, "on": on}


def _resources(rights: Sequence[Right]) -> str:
    """`topics plans, outcomes; group mailer`."""
    parts = []
    for kind, together in groupby((right.resource for right in rights), lambda resource: resource.kind):
        names = [f"{resource.name}{'*' * resource.prefixed}" for resource in together]
        some = f"{kind}s" if len(names) > 1 else str(kind)
        parts.append(kind if kind is Kind.CLUSTER else f"{some} {', '.join(names)}")
    return "; ".join(parts)


def _commands(grants: Sequence[Grant], servers: str, remove: bool) -> Iterator[str]:
    """Commands that give or take the same; each repeats without harm."""
    deed = "--remove --force" if remove else "--add"
    begin = [
        "kafka-acls.sh",
        f"--bootstrap-server {shlex.quote(servers)}",
        "--command-config admin.properties",
    ]
    each = _together(
        grants, lambda each: (each.principal, each.right.operation, each.right.resource.prefixed)
    )
    for (principal, operation, prefixed), some in each.items():
        who = [deed, f"--allow-principal {shlex.quote(principal)}", f"--operation {operation}"]
        pattern = ["--resource-pattern-type prefixed"] if prefixed else []
        yield _folded([*begin, *who, *pattern, *dict.fromkeys(_option(grant.right) for grant in some)])


def _option(right: Right) -> str:
    kind, name = right.resource.kind, right.resource.name
    return "--cluster" if kind is Kind.CLUSTER else f"--{kind} {shlex.quote(name)}"


def _folded(words: Sequence[str]) -> str:
    """One command over as many lines as it needs."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return " \\\n".join(lines)


def _together(grants: Iterable[Grant], key: Callable[[Grant], K]) -> dict[K, list[Grant]]:
    """Grants with the same key, in the order in which they came."""
    found: dict[K, list[Grant]] = {}
    for grant in grants:
        found.setdefault(key(grant), []).append(grant)
    return found
