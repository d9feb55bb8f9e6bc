"""What `plangate wait` does."""

import asyncio
from typing import Any

import msgspec
import typer

from gate_events.json_text import kept_result
from gate_events.shown import quoted, shown
from gate_policy.display import redacted
from plangate.cli.failures import CommandError
from plangate.cli.gate_progress import told_meanwhile
from plangate.cli.output import WELL, WRONG, copied, errors, indented, print_json, say
from plangate.cli.stopped import what_is_stopped
from plangate.cli.stores import reading
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue
from producers.run_outcome import NotEndedError, RunOutcome, outcome

NOT_DONE, NOT_ENDED, NOT_APPROVED = 1, 3, 4
_AS_DECIDED = {None, "APPROVED", "CLEARED"}


class TimeIsUpError(CommandError):
    """The run has not ended: {problem}; {mend}."""

    exit_code = NOT_ENDED


def wait(thread: str, timeout: float | None, *, raw: bool, as_json: bool) -> None:
    """Wait, and say how the run ended. Raises TimeIsUpError, typer.Exit with one of the codes above."""
    settings = load_settings()
    actions = open_catalogue(settings).actions.values()
    secret = frozenset(name for action in actions for name in action.secret)
    with reading(settings) as conn:
        if stops := what_is_stopped(settings, conn):
            say(stops, errors)
    try:
        ended = asyncio.run(_ended(settings, thread, timeout))
    except NotEndedError as error:
        problem, _, mend = str(error).rpartition("; ")
        with reading(settings) as conn:
            stops = what_is_stopped(settings, conn)
        raise TimeIsUpError(f"{problem}; {stops}" if stops else problem, mend) from error
    told = _as_json(ended, frozenset() if raw else secret)
    if as_json:
        print_json(told)
    else:
        report(told)
    if ended.status != "DONE":
        raise typer.Exit(NOT_DONE)
    if ended.decided not in _AS_DECIDED:
        raise typer.Exit(NOT_APPROVED)


async def _ended(settings: Settings, thread: str, timeout_s: float | None) -> RunOutcome:
    async with told_meanwhile(settings.store_url, thread):
        return await outcome(
            thread, timeout_s=timeout_s, store_url=settings.store_url, graphs_file=_file(settings.graphs)
        )


def _file(graphs: Any) -> Any:
    return graphs if graphs.is_file() else None


def _as_json(ended: RunOutcome, secret: frozenset[str]) -> dict[str, Any]:
    output, why = kept_result(ended.output)
    unread = {**ended.unread, **({"output": why.replace("its result", "the graph's output")} if why else {})}
    told: dict[str, Any] = msgspec.to_builtins(
        {name: value for name, value in vars(ended).items() if name != "output"}
    )
    said = {"message": ended.message, "output": redacted(output, secret), "unread": unread}
    return {**redacted(told, secret), **said}


def report(told: dict[str, Any]) -> None:
    """How a run ended, for people."""
    if told["message"]:
        say(f"plan {told['plan_id']}: {told['message']}")
    by = f" by {shown(told['decided_by'])}" if told["decided_by"] else ""
    decided = f", {told['decided']}{by}" if told["decided"] else ""
    error = f": {quoted(told['error'])}" if told["error"] not in ("", told["message"]) else ""
    line = f"run {shown(told['thread_id'])} of {shown(told['graph'])} is {told['status']}{decided}{error}"
    say(line, style=WELL if told["status"] == "DONE" and told["decided"] in _AS_DECIDED else WRONG)
    for step in told["steps"] or []:
        indented(f"{shown(step['step_id'])}  {step['state']}  {shown(step['action_type'])}  {_said(step)}", 2)
    if told["output"] is not None:
        copied(f"output: {shown(_json(told['output']))}")
    for name, why in told["unread"].items():
        say(f"{name}: not told: {shown(why)}")


def _said(step: dict[str, Any]) -> str:
    """What its effect said, in words or as JSON."""
    if step["detail"]:
        return quoted(step["detail"])
    return shown(_json(step["result"])) if step["result"] is not None else ""


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
