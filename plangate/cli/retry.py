"""`plangate retry THREAD`: asks for another attempt at a run that failed."""

from typing import Annotated

import typer

from gate_events.names import fault_of_name
from gate_events.shown import shown
from gate_store.database import open_store, utc_now
from gate_store.dialects import store_moment
from plangate.cli.decisions import By, reviewer_name
from plangate.cli.failures import CommandError
from plangate.cli.output import JsonFlag, print_json, say
from plangate.cli.stores import reading
from plangate.settings import load_settings
from plangate.wiring import open_catalogue
from stream_apps.retrying import LEFT_FAILED, ask_to_retry


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(retry)


def retry(
    thread: Annotated[str, typer.Argument(help="The thread of a FAILED run, as `plangate runs` shows it.")],
    *,
    step: Annotated[
        list[str] | None, typer.Option(help="A step that failed and is to be begun again; may be repeated.")
    ] = None,
    note: Annotated[str, typer.Option(help="Why; its reviewers read it.")],
    by: By = None,
    as_json: JsonFlag = False,
) -> None:
    """Ask for another attempt at a run that FAILED: once that is approved, it goes on from its checkpoint.

    What succeeded is not repeated. A step that failed is begun again only where --step names it. Nothing may
    be in doubt. The question is a gate of its own; the store must let this user do what a resumer does.
    """
    settings = load_settings()
    who = reviewer_name(settings, by)
    if fault := fault_of_name(who):
        raise CommandError(f"--by {who!a} {fault}", "leave it out")
    catalogue = open_catalogue(settings)
    with reading(settings):
        pass  # a store that does not exist is said so
    store = open_store(settings.store_url)
    try:
        with store.begin() as conn:
            now = store_moment(conn, utc_now())
            request = ask_to_retry(conn, thread, step or [], who, note, catalogue, now)
    finally:
        store.dispose()
    if as_json:
        asked = {"request_id": request.request_id, "plan_id": request.plan_id, "attempt": request.attempt}
        print_json({"thread_id": thread, **asked})
    else:
        say(f"run {thread} is asked about as attempt {request.attempt}: `plangate show {request.request_id}`")
        say("it goes on once that is approved; a worker puts the question on its way")
        if left := [found for found in request.review.findings if found.check == LEFT_FAILED]:
            steps = ", ".join(shown(step_id) for finding in left for step_id in finding.step_ids)
            say(f"no --step names {steps}, which failed: only what is idempotent is begun again")
