"""Who works, as the store hears of it, and what waits for them there."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from gate_store import backlog
from gate_store.database import Clock, utc_now
from gate_store.dialects import store_moment
from gate_store.heartbeats import FORGOTTEN_AFTER, GATEKEEPER, RESUMER, ROUTER, Heard, heard
from gate_store.stop_file import UNREADABLE, StopFile
from gate_store.stops import in_force
from gate_store.undecided import count_undecided
from plangate.cli.counting import counted
from plangate.cli.doctor.finding import STORE, Found, Question, look, wrong
from plangate.cli.floods import floods, lines
from plangate.cli.heard_of import having, missing
from plangate.cli.moments import left, long, said
from plangate.cli.stopped import in_words
from plangate.cli.stores import reading
from plangate.settings import Settings
from plangate.wiring import open_catalogue

SOON = timedelta(minutes=1)  # what takes no longer is not waited for
LATE = timedelta(minutes=5)
_A_DAY = timedelta(days=1)

Ask = Callable[[Connection, datetime], Found | str]


def looks(settings: Settings, clock: Clock = utc_now) -> Iterator[Question]:
    """One look for each part, and one for each kind of thing that waits."""
    questions: dict[str, Ask] = {
        **{part: partial(_part, part) for part in (ROUTER, GATEKEEPER)},
        RESUMER: partial(_resumer, settings),
        "versions": _versions,
        "catalogue in force": partial(_in_force, settings),
        "stops": _stops,
        "open gates": _open_gates,
        "plans that wait": _queued,
        "expired undecided": _undecided,
        "in doubt": _in_doubt,
        "paused runs": _paused,
        "ready runs": _ready,
        "clearances": _clearances,
        "outbox": _outbox,
    }
    yield Question("stop file", partial(_stop_file, settings))
    for what, ask in questions.items():
        yield Question(what, partial(_ask, settings, clock, ask), STORE)


def _ask(settings: Settings, clock: Clock, ask: Ask) -> Found | str:
    with reading(settings) as conn:
        return ask(conn, store_moment(conn, clock()))


def _part(part: str, conn: Connection, now: datetime) -> Found | str:
    found = [each for each in heard(conn, now) if each.part == part]
    if why := missing(part, found):
        in_trouble = any(not each.is_silent for each in found)
        mend = "mend that: it goes on by itself" if in_trouble else f"run `plangate worker --only {part}`"
        return wrong(why, mend)
    lame = [each for each in found if not each.does_its_part and each.silent_for < FORGOTTEN_AFTER]
    if lame:
        return look(
            "; ".join(map(_lame, lame)), "see its log; whoever is gone for good is forgotten after a day"
        )
    return ", ".join(f"{each.process.name} since {said(each.since)}" for each in found if each.does_its_part)


def _lame(each: Heard) -> str:
    if each.is_silent:
        return f"{each.process.name} on {each.process.host} not heard of since {said(each.last)}"
    return f"{each.process.name} on {each.process.host} says: {each.trouble}"


def _resumer(settings: Settings, conn: Connection, now: datetime) -> Found | str:
    """Who has services alone needs none."""
    unneeded = not settings.graphs.exists() and not backlog.any_open_run(conn)
    if unneeded and not any(each.part == RESUMER for each in heard(conn, now)):
        return "none heard of, and no run needs one"
    return _part(RESUMER, conn, now)


def _versions(conn: Connection, now: datetime) -> Found | str:
    """Of Plangate, and of each graph."""
    alive = [each for each in heard(conn, now) if not each.is_silent]
    of_plangate = {each.process.name: each.process.version for each in alive}
    graphs = sorted({graph for each in alive for graph in each.process.graphs})
    different = {} if len(set(of_plangate.values())) < 2 else {"plangate": of_plangate}
    for graph in graphs:
        versions = {each.process.name: each.process.graphs[graph] for each in having(graph, alive)}
        if len(set(versions.values())) > 1:
            different[f"graph {graph}"] = versions
    if different:
        told = "; ".join(f"{what}: {_by_value(names)}" for what, names in different.items())
        return look(told, "go on with the rollout; docs/operations.md says how versions go together")
    both = sorted(set(of_plangate.values()))
    return (
        f"plangate {', '.join(both)}; graphs {', '.join(graphs) or 'none'}" if alive else "nobody is heard of"
    )


def _in_force(settings: Settings, conn: Connection, now: datetime) -> Found | str:
    """Code and catalogue are read at the start: a file that changed since is not in force."""
    by_name = {each.process.name: each.process.catalogue for each in heard(conn, now) if not each.is_silent}
    file = open_catalogue(settings).digest
    if not by_name:
        return look(f"nobody is heard of who judges by {settings.catalogue}", "run `plangate worker`")
    others = {name: digest for name, digest in by_name.items() if digest != file}
    if not others:
        return f"{settings.catalogue} ({file[:12]}), by all"
    told = f"{settings.catalogue} is {file[:12]}, and not in force with {_by_value(others, 12)}"
    return look(told, "send these workers SIGHUP; `plangate catalogue check` looks at the file first")


def _by_value(values: dict[str, str], digits: int = 40) -> str:
    """`1.0 (a, b), 1.1 (c)`."""
    return ", ".join(
        f"{value[:digits]} ({', '.join(sorted(name for name in values if values[name] == value))})"
        for value in sorted(set(values.values()))
    )


def _open_gates(conn: Connection, now: datetime) -> Found | str:
    kinds = backlog.open_gates(conn, now, LATE)
    if not kinds:
        return "none"
    count, since = sum(each.count for each in kinds), min(each.since for each in kinds)
    if overdue := sum(each.overdue for each in kinds):
        return wrong(
            f"{overdue} of {count} are past their deadline, and nobody has ended them",
            "the gatekeeper does: see what is said of it and of its lag",
        )
    deadline = min(each.next_deadline for each in kinds)
    return f"{count}, the oldest asked {_ago(since, now)}; next deadline: {left(deadline.isoformat(), now)}"


def _queued(conn: Connection, _now: datetime) -> Found | str:
    found = floods(conn)
    if not found:
        return "no agent has more to ask than it may"
    return look(
        "; ".join(lines(conn, found)),
        "see what that agent does; `plangate pending --agent AGENT` lists its open gates",
    )


def _undecided(conn: Connection, now: datetime) -> Found | str:
    """Silence, of which nobody complains."""
    expired, unseen = count_undecided(conn, now - _A_DAY)
    if not expired:
        return "none in 24 h"
    never = f", {unseen} of them never seen by anybody who said so" if unseen else ""
    told = f"{counted(expired, 'gate')} expired undecided in 24 h{never}"
    return look(told, "`plangate pending --expired` lists them; see who reviews, and how long they have")


def _stops(conn: Connection, _now: datetime) -> Found | str:
    found = in_force(conn)
    return look(in_words(found), "`plangate go`, once it is mended") if found else "nothing is stopped"


def _stop_file(settings: Settings) -> Found | str:
    """It holds this host alone, and counts also where the store does not answer."""
    file, found = settings.stop_file, StopFile(settings.stop_file).stops()
    if not found:
        return f"{file}: not there"
    if any(stop.stop_id == UNREADABLE for stop in found):
        return wrong(in_words(found), f"look at it, then `plangate go` here, or remove {file}")
    return look(f"{file}: {in_words(found)}", "`plangate go` here, once it is mended")


def _in_doubt(conn: Connection, now: datetime) -> Found | str:
    for each in backlog.open_gates(conn, now, LATE):
        if each.kind == "IN_DOUBT":
            told = f"{counted(each.count, 'step')} of which nobody knows whether it happened"
            first = f"the first asked about {_ago(each.since, now)}"
            return look(f"{told}, {first}", "`plangate pending`, then `plangate resolve ID`")
    return "none"


def _paused(conn: Connection, now: datetime) -> Found | str:
    waiting = backlog.unasked_runs(conn, now - SOON)
    if not waiting.since:
        return "each has a gate or a clearance"
    return wrong(
        f"{_many(waiting)} with neither gate nor clearance; {waiting.example} since {said(waiting.since)}",
        "see router, gatekeeper, outbox and lag; `plangate dead-letters list` says why a plan was not taken",
    )


def _ready(conn: Connection, now: datetime) -> Found | str:
    waiting, found = backlog.ready_runs(conn, now), heard(conn, now)
    unserved = [graph for graph in waiting if missing(RESUMER, having(graph, found))]
    if unserved:
        told = (
            f"{_many(waiting[graph])} of graph {graph}, {_since(waiting[graph], now)}" for graph in unserved
        )
        return wrong(
            f"no resumer heard of has the graph: {'; '.join(told)}",
            "run `plangate worker --only resumer` where langgraph.json names it",
        )
    slow = [graph for graph, each in waiting.items() if each.since and now - each.since > LATE]
    if slow:
        told = (f"{_many(waiting[graph])} of graph {graph}, {_since(waiting[graph], now)}" for graph in slow)
        return look(
            "; ".join(told), "see the resumers' logs; `plangate worker --only resumer --resumers 4` adds some"
        )
    return ", ".join(f"{each.count} of graph {graph}" for graph, each in waiting.items()) or "none waits"


def _clearances(conn: Connection, now: datetime) -> Found | str:
    waiting = backlog.unexecuted(conn, now - LATE)
    if not waiting.since:
        return f"of the newest {backlog.MANY:,} somebody executes each"
    first = f"plan {waiting.example} was cleared {_ago(waiting.since, now)}"
    return look(
        f"{_many(waiting)} that nobody executes; {first}",
        "start the service that executes them, an undo's too; `plangate show PLAN` says what it is",
    )


def _outbox(conn: Connection, now: datetime) -> Found | str:
    waiting = backlog.unpublished(conn)
    if not waiting.since or now - waiting.since < SOON:
        return "what is said goes to Kafka"
    return wrong(
        f"{_many(waiting)} records are not on Kafka, {_since(waiting, now)}",
        "see Kafka, and whether a gatekeeper is heard of: it publishes them",
    )


def _many(waiting: backlog.Waiting) -> str:
    return f"{waiting.count:,}" if waiting.count < backlog.MANY else f"{backlog.MANY:,} or more"


def _since(waiting: backlog.Waiting, now: datetime) -> str:
    return f"the oldest since {long(now - waiting.since)}" if waiting.since else ""


def _ago(at: datetime, now: datetime) -> str:
    return f"{long(now - at)} ago"
