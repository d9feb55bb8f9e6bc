"""`plangate doctor`: what is wrong, and the mend."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated

import typer

from gate_events.shown import shown
from plangate.cli.acls import role_of
from plangate.cli.doctor import at_work, on_kafka, setup
from plangate.cli.doctor.finding import EXIT_CODE, Finding, State, gravest, looked
from plangate.cli.output import LOOK, WELL, WRONG, JsonFlag, indented, print_json, say
from plangate.kafka.roles import Role
from plangate.settings import Settings, load_settings

_MEND_AT = 6  # behind the longest state
_STYLE = {State.OK: WELL, State.LOOK: LOOK, State.WRONG: WRONG}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    role: Annotated[
        list[str] | None,
        typer.Option(help="What this user is on Kafka; may be repeated. A service: service:GROUP."),
    ] = None,
    setup_alone: Annotated[
        bool, typer.Option("--setup", help="Only whether work can start here, as a health check asks.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Look at Kafka, store, graphs and catalogue, at the workers, and at what waits.

    Exit code 0: all is well; 1: something is wrong; 2: something is worth a look.
    With logins of their own each part looks as itself, at what it needs: `plangate doctor --role router`
    """
    findings = []
    roles = [role_of("--role", each) for each in role or ()]
    for finding in examine(load_settings(), roles, whole=not (roles or setup_alone)):
        findings.append(finding)
        if not as_json:
            say_finding(finding)
    state = gravest(findings)
    if as_json:
        print_json({"state": state, "findings": findings})
    if code := EXIT_CODE[state]:
        raise typer.Exit(code)


def say_finding(finding: Finding) -> None:
    """Its state, what was looked at and what was found; below it what mends it, and what it hides."""
    line = f"{finding.state:<{_MEND_AT - 1}} {finding.what}: {shown(finding.found)}"
    say(line, style=_STYLE[finding.state])
    if finding.mend:
        indented(f"mend: {shown(finding.mend)}", _MEND_AT)
    if finding.not_looked_at:
        indented(f"so not looked at: {', '.join(finding.not_looked_at)}", _MEND_AT)


def examine(settings: Settings, roles: Sequence[tuple[Role, str]], *, whole: bool) -> Iterator[Finding]:
    """Look at what is needed here, and at the `whole` of Plangate; one failure hides no other.

    `roles` are this user's on Kafka, with a service's group: then only at what these need.
    """
    looks = [*setup.looks(settings, roles)]
    if whole:
        looks += [*at_work.looks(settings), *on_kafka.looks(settings)]
    gone: set[str] = set()
    for what, look_at_it, needs in looks:
        if needs in gone:
            continue  # it would wait for the same once more
        finding = looked(what, look_at_it)
        if finding.state is State.WRONG:
            gone.add(what)
            hidden = tuple(each.what for each in looks if each.needs == what)
            finding = replace(finding, not_looked_at=hidden)
        yield finding
