"""What `plangate doctor` does."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import typer

from gate_events.shown import shown
from plangate.cli.acls import role_of
from plangate.cli.doctor import at_work, endpoint, on_kafka, setup
from plangate.cli.doctor.finding import EXIT_CODE, Finding, State, gravest, looked
from plangate.cli.output import LOOK, WELL, WRONG, indented, print_json, say
from plangate.kafka.roles import Role
from plangate.settings import Settings, load_settings

_MEND_AT = 6  # behind the longest state
_STYLE = {State.OK: WELL, State.LOOK: LOOK, State.WRONG: WRONG}


def doctor(names: Sequence[str], *, setup_alone: bool, as_json: bool) -> None:
    """Look, as these roles where some are named. Raises typer.Exit where not all is well, CommandError."""
    findings = []
    roles = [role_of("--role", each) for each in names]
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
        looks += [*at_work.looks(settings), *on_kafka.looks(settings), *endpoint.looks(settings)]
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
