"""`plangate pending` and `plangate show`: what waits for a human, in plain English."""

from typing import Annotated, Any

import msgspec
import typer

from gate_events.values import Step
from gate_policy.catalogue import Catalogue
from gate_policy.render import display_arguments
from gate_store import queries
from gate_store.database import utc_now
from gate_store.heartbeats import GATEKEEPER, ROUTER
from gate_store.lookup import plan_of
from plangate.cli.heard_of import not_done
from plangate.cli.moments import left, moment
from plangate.cli.output import JsonFlag, Limit, Page, print_json, say, say_missing, say_page, table
from plangate.cli.stores import reading
from plangate.cli.story import print_story
from plangate.settings import load_settings
from plangate.wiring import open_catalogue

GateId = Annotated[str, typer.Argument(help="The id of a gate or of its plan, or the beginning of one.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(pending)
    app.command()(show)


def pending(limit: Limit = 100, page: Page = 1, as_json: JsonFlag = False) -> None:
    """What waits for a decision, the nearest deadline first."""
    settings = load_settings()
    catalogue = open_catalogue(settings)
    with reading(settings) as conn:
        views = queries.pending(conn, limit, (page - 1) * limit)
        count = queries.count_pending(conn)
        missing = not_done(conn, utc_now(), ROUTER, GATEKEEPER)
    if as_json:
        print_json([redact(view, catalogue) for view in views])
    elif views:
        table(
            "Waiting for a decision", ("id", "asked", "left", "from", "what"), map(_line, views), whole=["id"]
        )
        say("`plangate show ID` shows all of one; then approve, edit, reject, respond, confirm or undo it.")
    elif not count:
        say("nothing waits for a decision")
    say_page(len(views), count, page, limit)
    say_missing(missing, as_json=as_json)


def show(
    gate: GateId,
    raw: Annotated[bool, typer.Option(help="Show secret arguments, in --json too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Everything about one plan: its steps, warnings, reasons, decisions, effects and outcome."""
    settings = load_settings()
    catalogue = open_catalogue(settings)
    with reading(settings) as conn:
        view = queries.show(conn, plan_of(conn, gate)) or {}
    if not as_json:
        print_story(view, catalogue, raw=raw)
    elif raw:
        print_json(view)
    else:
        print_json({**view, "gates": [redact(one, catalogue) for one in view.get("gates", [])]})


def redact(view: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A gate with its secret arguments as •••; the digest still covers the raw ones."""
    steps = [_redacted(step, catalogue) for step in view["steps"]]
    verdict = redact(view["verdict"], catalogue) if view.get("verdict") else None
    return {**view, "steps": steps, **({"verdict": verdict} if "verdict" in view else {})}


def _line(view: dict[str, Any]) -> tuple[Any, ...]:
    review = view["review"]
    what = "; ".join(group["text"] for group in review["groups"])
    warnings = [f"! {finding['text']}" for finding in review["findings"]]
    timing = "done, to confirm: " if view["timing"] == "AFTER" and view["kind"] == "PLAN" else ""
    return (
        view["request_id"][:8],
        moment(view["requested_at"]),
        left(review["terms"]["deadline"]),
        view["agent"]["name"],
        [timing + what, *warnings],
    )


def _redacted(step: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    action = catalogue.actions.get(step["action_type"])
    return {**step, "arguments": display_arguments(msgspec.convert(step, Step), action)}
