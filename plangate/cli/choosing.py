"""Which gate a command decides on, and that its reviewer saw it."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import typer
from rich.console import Console

from gate_events.records import ApprovalRequested
from gate_store.lookup import (
    GateClosedError,
    NoSuchGateError,
    waiting_gate,
    waiting_gate_of_plan,
    waiting_gate_with,
)
from gate_store.views import What
from plangate.cli.failures import CommandError, NotConfirmedError
from plangate.cli.looking import note_look
from plangate.cli.options import SHORTEST_DIGEST, SHORTEST_ID
from plangate.cli.output import console, errors
from plangate.cli.stores import reading
from plangate.cli.story import print_review
from plangate.settings import Settings
from plangate.wiring import open_catalogue


def chosen(settings: Settings, gate: str | None, digest: str | None) -> ApprovalRequested:
    """The one gate that is meant, and waits.

    A plan's id is taken on a terminal alone, where its gate is shown before anything is decided: a revision
    that nobody saw may have come meanwhile. Raises CommandError, NoSuchGateError, GateClosedError.
    """
    if gate is not None and digest is not None:
        raise CommandError(f"both {gate} and --digest are given", "give one of them")
    if gate is None and digest is None:
        raise CommandError("one gate is needed", "give the id that `plangate pending` shows, or --digest")
    with reading(settings) as conn:
        if digest is not None:
            return waiting_gate_with(conn, _long_enough(digest, SHORTEST_DIGEST, "digest"))
        beginning = _long_enough(gate or "", SHORTEST_ID, "gate's id")
        try:
            return waiting_gate(conn, beginning)
        except GateClosedError:
            raise
        except NoSuchGateError:
            by_plan = waiting_gate_of_plan(conn, beginning)
    if not is_terminal():
        raise CommandError(
            f"{gate} is the id of a plan, which may have been revised since you looked",
            f"decide on its gate, {str(by_plan.request_id)[:SHORTEST_ID]}, after `plangate show {gate}`",
        )
    return by_plan


def show_and_ask(
    settings: Settings,
    request: ApprovalRequested,
    what: str,
    who: str,
    more: Callable[[Console], None],
    *,
    yes: bool,
    as_json: bool,
) -> datetime | None:
    """Show what is about to be decided, and `more` about it, and ask once; when it was shown.

    None where `yes` was said before: then `more` alone is shown. Raises NotConfirmedError where nobody can be
    asked, and typer.Abort for a no.
    """
    on = errors if as_json else console
    if yes:
        more(on)
        return None
    if not is_terminal():
        raise NotConfirmedError(
            f"nobody was asked whether to {what}",
            f"look at it with `plangate show {str(request.request_id)[:SHORTEST_ID]}`, then say --yes",
        )
    view: dict[str, Any] = {**msgspec.to_builtins(request), "state": "PENDING"}
    print_review(view, open_catalogue(settings), raw=False, on=on)
    note_look(settings, who, What.SEEN, [view])
    more(on)
    at = datetime.now(UTC)
    typer.confirm(f"{what[0].upper()}{what[1:]} as {who}?", abort=True, err=as_json)
    return at


def is_terminal() -> bool:
    """Whether somebody can be shown something, and asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _long_enough(text: str, least: int, what: str) -> str:
    if len(text.replace("-", "")) < least:
        raise CommandError(f"{text!r} is too short for a {what}", f"give {least} characters of it at least")
    return text
