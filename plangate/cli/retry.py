"""What `plangate retry` does."""

from collections.abc import Sequence

from gate_events.names import fault_of_name
from gate_events.shown import shown
from gate_store.database import open_store, utc_now
from gate_store.dialects import store_moment
from plangate.cli.decisions import reviewer_name
from plangate.cli.failures import CommandError
from plangate.cli.output import print_json, say
from plangate.cli.stores import reading
from plangate.settings import load_settings
from plangate.wiring import open_catalogue
from stream_apps.retrying import LEFT_FAILED, ask_to_retry


def retry(thread: str, steps: Sequence[str], note: str, by: str | None, *, as_json: bool) -> None:
    """Open the gate that asks for it. Raises CommandError, NotRetryableError, NoSuchRunError."""
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
            request = ask_to_retry(conn, thread, steps, who, note, catalogue, now)
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
