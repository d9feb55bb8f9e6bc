"""What `plangate pending` and `plangate show` do."""

from typing import Any

import msgspec

from gate_events.values import Step
from gate_policy.catalogue import Catalogue
from gate_policy.render import display_arguments
from gate_store import queries
from gate_store.database import utc_now
from gate_store.dialects import store_moment
from gate_store.heartbeats import GATEKEEPER, ROUTER
from gate_store.lookup import plan_of
from gate_store.pending_gates import Wanted, Which
from gate_store.views import What
from plangate.cli.floods import floods, lines
from plangate.cli.gate_block import block
from plangate.cli.gate_filters import UNFILTERED, Filters, wanted_of
from plangate.cli.heard_of import not_done
from plangate.cli.looking import looker, note_look
from plangate.cli.output import console, paged, print_json, say, say_missing, say_page
from plangate.cli.stopped import what_is_stopped
from plangate.cli.stores import reading
from plangate.cli.story import print_story
from plangate.settings import load_settings
from plangate.wiring import open_catalogue


def pending(
    by: str | None = None,
    filters: Filters = UNFILTERED,
    limit: int = 100,
    page: int = 1,
    *,
    as_json: bool = False,
) -> None:
    """Show a page of what waits for a decision, or of what expired. Raises CommandError."""
    settings = load_settings()
    catalogue, who = open_catalogue(settings), looker(settings, by)
    with reading(settings) as conn:
        now = store_moment(conn, utc_now())
        wanted = wanted_of(now, who, filters)
        views = queries.pending(conn, limit, (page - 1) * limit, wanted)
        count = queries.count_pending(conn, wanted)
        missing = not_done(conn, utc_now(), ROUTER, GATEKEEPER)
        stops = what_is_stopped(settings, conn)
        waits = [] if filters.expired else lines(conn, floods(conn, filters.agent, filters.proposer))
    if as_json:
        print_json([redact(view, catalogue) for view in views])
    elif views:
        for view in views:
            for line in block(view, catalogue, now, console):
                say(line)
        say("`plangate show ID` shows all of one; then approve, edit, reject, respond, confirm or undo it.")
    elif not count:
        say(_nothing(wanted))
    note_look(settings, who, What.DELIVERED, views)
    say_page(len(views), count, page, limit)
    for line in waits:
        say_missing(line, as_json=as_json)
    say_missing(missing, as_json=as_json)
    say_missing(stops, as_json=as_json)


def _nothing(wanted: Wanted) -> str:
    if wanted == Wanted():
        return "nothing waits for a decision"
    return "nothing of that kind " + ("expired" if wanted.which is Which.EXPIRED else "waits for a decision")


def show(gate: str, by: str | None = None, *, raw: bool = False, as_json: bool = False) -> None:
    """Show everything about one plan; `raw`: secret arguments, too. Raises NoSuchGateError, CommandError."""
    settings = load_settings()
    catalogue, who = open_catalogue(settings), looker(settings, by)
    with reading(settings) as conn:
        view = queries.show(conn, plan_of(conn, gate)) or {}
    gates = view.get("gates", [])
    note_look(settings, who, What.SEEN, gates)
    if not as_json:
        with paged():
            say(_named(gate, view))
            print_story(view, catalogue, raw=raw)
    elif raw:
        print_json(view)
    else:
        waits = [redact(one, catalogue) for one in view.get("queued", [])]
        print_json({**view, "gates": [redact(one, catalogue) for one in gates], "queued": waits})


def _named(beginning: str, view: dict[str, Any]) -> str:
    """Which gate or plan it is that was named by the beginning of an id."""
    digits = beginning.replace("-", "").lower()
    gates = [each["request_id"] for each in view.get("gates", [])]
    named = [gate for gate in gates if gate.replace("-", "").startswith(digits)]
    plan = f"plan {view['plan_id']}"
    if len(named) == 1 and len(gates) > 1:
        return f"gate {named[0]}, with the other gates of {plan}"
    return f"gate {named[0]} of {plan}" if len(named) == 1 else plan


def redact(view: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A gate with its secret arguments as •••; the digest still covers the raw ones."""
    steps = [_redacted(step, catalogue) for step in view["steps"]]
    verdict = redact(view["verdict"], catalogue) if view.get("verdict") else None
    return {**view, "steps": steps, **({"verdict": verdict} if "verdict" in view else {})}


def _redacted(step: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    action = catalogue.actions.get(step["action_type"])
    return {**step, "arguments": display_arguments(msgspec.convert(step, Step), action)}
