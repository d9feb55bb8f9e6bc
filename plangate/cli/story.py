"""A plan's story for people: what was asked, who said what, and what became of it. `--json` has the rest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console

from gate_events.shown import quoted, shown, words_of
from gate_events.values import Step
from gate_events.verdict_words import sentence_on
from gate_events.words import GateState, RequestKind, Resolution, Timing
from gate_policy.catalogue import Catalogue
from gate_policy.display import listing, named
from gate_policy.render import sentence, unsaid
from gate_store.queued_plans import QUEUED
from plangate.cli.counting import counted
from plangate.cli.moments import left, moment
from plangate.cli.output import console, indented, say
from plangate.cli.step_diff import changes
from plangate.cli.undo_state import in_state

View = Mapping[str, Any]


def print_story(view: View, catalogue: Catalogue, *, raw: bool) -> None:
    """Everything about one plan, as `queries.show` gives it."""
    for gate in view.get("gates", []):
        print_review(gate, catalogue, raw=raw)
    for waits in view.get("queued", []):
        print_queued(waits, catalogue, raw=raw)
    if view.get("undoes"):
        say(f"it undoes steps of plan {view['undoes']}")
    if others := sorted({row["digest"] for row in view.get("policies", [])} - {catalogue.digest}):
        told = shown(", ".join(others))
        say(f"judged by another catalogue than the one here, {catalogue.digest}: {told}")
    _section("What was said", [_decision(row) for row in view.get("decisions", [])])
    _section("What may run", [*map(_clearance, view.get("clearances", [])), *_taken_back(view)])
    ended = [f"outcome: {view['outcome']['status']}"] if view.get("outcome") else []
    undone = [
        f"undone by plan {each['plan_id']}, which {in_state(each)}" for each in view.get("undo_plans", [])
    ]
    became = [*map(_effect, view.get("effects", [])), *map(_run, view.get("runs", [])), *ended, *undone]
    _section("What became of it", became)


def print_review(view: View, catalogue: Catalogue, *, raw: bool, on: Console = console) -> None:
    """A gate as its reviewer reads it: warnings, every step and argument, why it is asked, and of whom."""
    review, run = view["review"], view.get("run")
    say("", on)
    say(f"{view['request_id']}  {view['state']}", on)
    place = f", run {shown(run['thread_id'])}" if run else ""
    indented(f"plan {view['plan_id']}, revision {view['revision']}{place}", 2, on)
    goal = quoted(view["goal"]) if view["goal"] else "no goal given"
    indented(f"{shown(view['agent']['name'])} wants: {goal}", 2, on)
    if len(view["steps"]) > 1:
        indented(_sum(view), 2, on)
    print_sentences(review, on, view["steps"], catalogue, raw=raw)
    _print_terms(view, on)
    if "views" in view:
        _print_views(view, on)
    if view.get("verdict"):
        _print_verdict(view, catalogue, on)


def print_queued(view: View, catalogue: Catalogue, *, raw: bool) -> None:
    """A plan that is asked about once its agent has fewer open gates."""
    say("")
    say(f"plan {view['plan_id']}, revision {view['revision']}, waits: {QUEUED}, as gate {view['request_id']}")
    goal = quoted(view["goal"]) if view["goal"] else "no goal given"
    indented(f"{shown(view['agent']['name'])} wants: {goal}", 2)
    print_sentences(view["review"], console, view["steps"], catalogue, raw=raw)


def _sum(view: View) -> str:
    """How many steps stand below, and of which tiers."""
    tiers: Counter[str] = Counter()
    for group in view["review"]["groups"]:
        tiers[group["tier"]] += len(group["step_ids"])
    told = ", ".join(f"{count:,} {tier}" for tier, count in tiers.most_common())
    sentences = counted(len(view["review"]["groups"]), "sentence")
    return f"{counted(len(view['steps']), 'step')} in {sentences}: {told}"


def print_sentences(
    review: View,
    on: Console,
    steps: Sequence[dict[str, Any]],
    catalogue: Catalogue,
    *,
    raw: bool = False,
) -> None:
    """What to look at, what a plan does, and why it is asked; below each sentence its steps."""
    for finding in review["findings"]:
        which = f" ({', '.join(finding['step_ids'])})" if finding["step_ids"] else ""
        indented(shown(f"! {finding['text']}{which}"), 2, on)
    by_id = {step["step_id"]: step for step in steps}
    for group in review["groups"]:
        several = f", {len(group['step_ids']):,} steps" if len(group["step_ids"]) > 1 else ""
        indented(f"• {shown(group['text'])}  [{group['tier']}{several}]", 2, on)
        for step_id in group["step_ids"]:
            if step_id in by_id:
                _print_step(by_id[step_id], group, catalogue, raw, on)
    for reason in review["reasons"]:
        indented(f"because {shown(reason)}", 4, on)


def _print_step(step: dict[str, Any], group: View, catalogue: Catalogue, raw: bool, on: Console) -> None:
    value = msgspec.convert(step, Step)
    text = listing(value.action_type, value.arguments) if raw else sentence(value, catalogue)
    alone = len(group["step_ids"]) == 1 and text == group["text"]
    indented(shown(step["step_id"]) if alone else f"{shown(step['step_id'])}  {text}", 6, on)
    unsaid_here = {} if raw else unsaid(value, catalogue)
    if rest := {name: said for name, said in unsaid_here.items() if name not in group.get("used", ())}:
        indented(f"with {named(rest)}", 10, on)


def _print_terms(view: View, on: Console) -> None:
    terms = view["review"]["terms"]
    who = shown(", ".join(terms["reviewers"]) or f"anyone but {view['proposer']}")
    many = "one decides" if terms["quorum"] == 1 else f"{terms['quorum']} must approve"
    span = left(terms["deadline"])
    waits = f" ({'over' if span == 'over' else f'{span} left'})" if view["state"] == "PENDING" else ""
    indented(f"{many}, of: {who}; until {moment(terms['deadline'])}{waits}", 2, on)
    indented(f"the answers: {', '.join(each.lower() for each in terms['allowed'])}", 2, on)
    if view.get("approved_by"):
        names = ", ".join(map(shown, view["approved_by"]))
        indented(f"approved so far by {len(view['approved_by'])} of {terms['quorum']}: {names}", 2, on)
    indented(f"digest {view['digest'][:16]}", 2, on)


def _print_views(view: View, on: Console) -> None:
    """How far it has come: asked, delivered, seen."""
    indented(f"asked {moment(view['requested_at'])}", 2, on)
    for each in view["views"]:
        what = "seen by" if each["what"] == "SEEN" else "delivered to"
        indented(f"{what} {shown(each['who'])} {moment(each['at'])}", 4, on)
    if not view["views"]:
        indented("nobody is known to have looked", 4, on)


def _print_verdict(view: View, catalogue: Catalogue, on: Console) -> None:
    verdict = view["verdict"]
    words = f": {quoted(verdict['note'])}" if verdict["note"] else ""
    by, at = shown(verdict["decided_by"]), moment(verdict["decided_at"])
    indented(f"{verdict['state']} by {by}, {at}{words}", 2, on)
    if verdict["state"] != "APPROVED" or view["timing"] != "BEFORE":  # of what may run the rest tells
        indented(_meaning(verdict), 2, on)
    changed = changes(view["steps"], verdict["steps"], catalogue) if verdict["steps"] else []
    if changed:
        indented("approved with changes:", 2, on)
    for line in changed:
        indented(line, 4, on)


def _meaning(verdict: View) -> str:
    resolution = verdict.get("resolution")
    return sentence_on(
        GateState(verdict["state"]),
        RequestKind(verdict["kind"]),
        Timing(verdict["timing"]),
        Resolution(resolution) if resolution else None,
        again=verdict.get("attempt", 1) > 1,
    )


def _decision(row: View) -> str:
    who, when = shown(row["decided_by"]), moment(row["decided_at"])
    fate = "" if row["disposition"] == "DECIDED" else f" is {row['disposition']}"
    return f"{when}  {who}: {row['kind']}{fate}, {shown(row['why'])}"


def _clearance(row: View) -> str:
    by = f"by gate {row['gate_id'][:8]}" if row["gate_id"] else "without a gate"
    until = f", to begin until {moment(row['use_by'])}" if row["use_by"] else ""
    return f"revision {row['revision']}, cleared {by} {moment(row['cleared_at'])}{until}"


def _taken_back(view: View) -> list[str]:
    revoked = [
        f"revision {row['revision']} no more: {shown(row['why'])}" for row in view.get("revocations", [])
    ]
    return revoked + [
        f"attempt {row['attempt']} not as it was cleared: {shown(row['why'])}"
        for row in view.get("stale", [])
    ]


def _effect(row: View) -> str:
    by = words_of(row["executor"], row["detail"]) if row["detail"] else shown(row["executor"])
    ended = f", {moment(row['finished_at'])}" if row["finished_at"] else ""
    tries = f", attempt {row['attempts']}" if row["attempts"] > 1 else ""
    what = f"{shown(row['step_id'])}  {row['state']}  {shown(row['action_type'])}"
    return f"{what}{ended}{tries}, by {by}"


def _run(row: View) -> str:
    error = f": {quoted(row['error'])}" if row["error"] else ""
    by = f" by {shown(row['decided_by'])}" if row.get("decided_by") else ""
    decided = f"{row['decided']}{by}, " if row.get("decided") else ""
    return f"run {shown(row['thread_id'])} of {shown(row['graph'])}: {decided}{row['status']}{error}"


def _section(title: str, lines: list[str]) -> None:
    if lines:
        say("")
        say(title)
    for line in lines:
        indented(line, 2)
