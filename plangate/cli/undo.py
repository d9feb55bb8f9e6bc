"""What `plangate undo` does: takes back what ran, and follows the plan that does it."""

import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from rich.console import Console

from gate_events.records import ApprovalRequested
from gate_events.shown import shown
from gate_events.words import DecisionKind
from gate_store import undo_plans
from gate_store.database import utc_now
from gate_store.heartbeats import RESUMER, heard
from gate_store.lookup import GateClosedError
from plangate.cli.choosing import chosen
from plangate.cli.decisions import Asked, answer, in_json, published
from plangate.cli.failures import CommandError
from plangate.cli.output import LOOK, WELL, print_json, say
from plangate.cli.stores import reading
from plangate.cli.undo_state import in_state
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue

_LOOK_S = 0.1
_GOES_ON = {undo_plans.NOT_TAKEN, undo_plans.CLEARED, undo_plans.BEGUN}
_ASKED_BEFORE = "APPROVED"  # no review afterwards ends so
_SAID_NO = {"REJECTED", "RESPONDED", "EXPIRED", "WITHDRAWN", "SUPERSEDED"}


class NotUndoneError(CommandError):
    """Nothing is undone yet: {problem}; {mend}."""

    exit_code = 3


class UndoNotApprovedError(CommandError):
    """Somebody said no to the undo: {problem}; {mend}."""

    exit_code = 4


def undo_and_follow(asked: Asked, steps: Sequence[str], note: str, *, follows: bool) -> None:
    """Say UNDO, and wait for the plan that it makes as long as `asked` says. Raises CommandError."""
    settings = load_settings()
    try:
        request = chosen(settings, asked.gate, asked.digest)
    except GateClosedError as error:
        if error.state == _ASKED_BEFORE:
            raise _asked_before(error) from error
        raise
    warned = partial(_print_lacking, actions=lacking(settings, request, steps))
    content = {"note": note, "step_ids": steps}
    decision, became = published(settings, asked, request, DecisionKind.UNDO, warned, **content)
    left_s = asked.wait - (utc_now() - decision.decided_at).total_seconds()
    plan = _followed(settings, request.request_id, left_s) if became else None
    told = in_json(settings, decision, became)
    if asked.as_json:
        found = plan or {"plan_id": None, "state": None, "open_gate": None}
        more = {"undo_plan_id": found["plan_id"], "state": found["state"], "gate_id": found["open_gate"]}
        print_json({**told, **more})
    else:
        answer(decision, told)
    if follows and became is None:
        raise NotUndoneError(
            "no gatekeeper has answered", "see that `plangate worker` runs: `plangate doctor` tells"
        )
    if plan:
        report(plan, follows=follows, as_json=asked.as_json)


def _asked_before(error: GateClosedError) -> CommandError:
    problem = f"gate {error.gate_id} is {error.state}: it asked before its plan ran"
    return CommandError(
        problem, "undo answers a review afterwards; to take back what ran, propose a plan that does it"
    )


def report(plan: undo_plans.View, *, follows: bool, as_json: bool) -> None:
    """Raises CommandError for what is not well."""
    told, state = f"its undo, plan {plan['plan_id']},", plan["state"]
    if state in _GOES_ON and follows:
        raise NotUndoneError(f"{told} {in_state(plan)}", f"`plangate show {plan['plan_id']}` tells more")
    if state == undo_plans.IN_DOUBT:
        raise NotUndoneError(f"{told} {in_state(plan)}", "`plangate pending` has the question")
    if state in _SAID_NO:
        raise UndoNotApprovedError(f"{told} {in_state(plan)}", "nothing was undone")
    if state in ("FAILED", "NOT_RUN"):
        raise CommandError(f"{told} {in_state(plan)}", f"`plangate show {plan['plan_id']}` tells more")
    if not as_json:
        say(f"{told} {in_state(plan)}", style=WELL if state == "DONE" else LOOK)


def _followed(settings: Settings, gate_id: UUID, left_s: float) -> undo_plans.View | None:
    """The undo plan once it is past all that goes on by itself, or as it is when the time is up."""
    until = time.monotonic() + left_s
    with reading(settings) as conn:
        while True:
            found = undo_plans.undo_plan_of(conn, gate_id)
            conn.rollback()  # on SQLite it held the one lock
            if found is None or found["state"] not in _GOES_ON or time.monotonic() >= until:
                return found
            time.sleep(_LOOK_S)


def lacking(settings: Settings, request: ApprovalRequested, step_ids: Sequence[str]) -> list[str]:
    """The action types that would undo these steps, and that no worker heard of executes."""
    actions = open_catalogue(settings).actions
    steps = [each for each in request.steps if not step_ids or each.step_id in step_ids]
    undone = [action.undo for each in steps if (action := actions.get(each.action_type))]
    wanted = {each.action for each in undone if each}
    with reading(settings) as conn:
        graph = undo_plans.undo_graph(conn, request)
        resumers = [each for each in heard(conn, utc_now()) if each.part == RESUMER and each.does_its_part]
    known = {action for each in resumers for action in each.process.undoes.get(graph or "", ())}
    return sorted(wanted - known)


def _print_lacking(on: Console, actions: Sequence[str]) -> None:
    if actions:
        names = shown(", ".join(actions))
        waits = "the plan will wait on auto-execute until a service takes it"
        say(f"nobody is known to execute {names}: {waits}", on)
