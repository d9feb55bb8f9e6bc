"""`plangate pending` and `plangate show`: what waits for a human, in plain English."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from gate_events.values import Step
from gate_policy.catalogue import Catalogue
from gate_policy.display import listing
from gate_policy.render import display_arguments, sentence
from gate_store import queries
from gate_store.lookup import plan_of
from plangate.cli.output import JsonFlag, Limit, Page, console, print_json, say, say_page, table
from plangate.cli.stores import reading
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
    if as_json:
        print_json([redact(view, catalogue) for view in views])
    elif views:
        table("Waiting for a decision", ("id", "asked", "until", "from", "what"), map(_line, views))
        say("`plangate show ID` shows all of one; then approve, edit, reject, respond, confirm or undo it.")
    elif not count:
        say("nothing waits for a decision")
    say_page(len(views), count, page, limit)


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
    if not raw:
        view = {**view, "gates": [redact(one, catalogue) for one in view.get("gates", [])]}
    if as_json:
        print_json(view)
        return
    for one in view.get("gates", []):
        print_review(one, catalogue, raw=raw)
    for title in ("clearances", "revocations", "stale", "decisions", "effects", "runs", "policies"):
        _rows(title, view.get(title, []))
    if others := {row["digest"] for row in view.get("policies", [])} - {catalogue.digest}:
        say(f"judged by another catalogue than the one here, {catalogue.digest}: {', '.join(sorted(others))}")
    if view.get("outcome"):
        say(f"outcome: {view['outcome']['status']}")


def redact(view: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """A gate with its secret arguments as •••; the digest still covers the raw ones."""
    steps = [_redacted(step, catalogue) for step in view["steps"]]
    verdict = redact(view["verdict"], catalogue) if view.get("verdict") else None
    return {**view, "steps": steps, **({"verdict": verdict} if "verdict" in view else {})}


def print_review(view: dict[str, Any], catalogue: Catalogue, *, raw: bool, on: Console = console) -> None:
    """A gate as its reviewer reads it: sentences, warnings, why, and every step."""
    review = view["review"]
    say(f"\n{view['request_id']}  {view['state']}  (plan {view['plan_id']}, revision {view['revision']})", on)
    say(f"{view['agent']['name']} wants: {view['goal'] or 'no goal given'}", on)
    print_sentences(review, on)
    terms = review["terms"]
    who = ", ".join(terms["reviewers"]) or f"anyone but {view['proposer']}"
    say(f"  {terms['quorum']} of {who}, until {terms['deadline']}: {', '.join(terms['allowed'])}", on)
    say(f"  digest {view['digest'][:16]}", on)
    table("Steps", ("step", "what"), [(s["step_id"], _what(s, catalogue, raw)) for s in view["steps"]], on)


def print_sentences(review: dict[str, Any], on: Console = console) -> None:
    """What a plan does, what to look at, and why it is asked."""
    for group in review["groups"]:
        say(f"  • {group['text']}  [{group['tier']}]", on)
    for finding in review["findings"]:
        say(f"  ! {finding['text']}", on)
    for reason in review["reasons"]:
        say(f"    because {reason}", on)


def _line(view: dict[str, Any]) -> tuple[Any, ...]:
    review = view["review"]
    what = "; ".join(group["text"] for group in review["groups"])
    warnings = "".join(f"\n! {finding['text']}" for finding in review["findings"])
    left = datetime.fromisoformat(review["terms"]["deadline"]) - datetime.now(UTC)
    timing = "done, to confirm: " if view["timing"] == "AFTER" and view["kind"] == "PLAN" else ""
    until = f"{max(0, int(left.total_seconds() // 60))} min"
    return (
        view["request_id"][:8],
        view["requested_at"][:16],
        until,
        view["agent"]["name"],
        (timing + what + warnings),
    )


def _what(step: dict[str, Any], catalogue: Catalogue, raw: bool) -> str:
    if raw:
        return listing(step["action_type"], step["arguments"])
    return sentence(msgspec.convert(step, Step), catalogue)


def _redacted(step: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    action = catalogue.actions.get(step["action_type"])
    return {**step, "arguments": display_arguments(msgspec.convert(step, Step), action)}


def _rows(title: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        table(title.capitalize(), tuple(rows[0]), ([row[key] for key in rows[0]] for row in rows))
