"""`plangate store restored`: the store stands as it was at the moment of a backup, and Kafka does not."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from gate_events.groups import GATEKEEPERS, GROUPS
from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, DECISIONS, OUTCOMES, VERDICTS
from gate_store import migrate
from gate_store.database import open_store, utc_now
from gate_store.dialects import on_postgres
from gate_store.known_records import are_known
from gate_store.restores import restored_since
from gate_store.restoring import Lost, Noted, note_lost
from plangate.cli.failures import CommandError
from plangate.cli.output import print_json, say
from plangate.kafka import groups, topics
from plangate.kafka.roles import Role
from plangate.restoring.lost import LostWords
from plangate.restoring.reach import known_until
from plangate.restoring.records import Log
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue

_READ_AGAIN = (AUTO_EXECUTE, APPROVAL_REQUESTS, DECISIONS, OUTCOMES)
_MARGIN = timedelta(minutes=5)  # clocks differ, and a backup takes a while
_SESSION_S = 45.0  # a worker that has ended stays in its group for so long

_CONNECTED = text(
    "SELECT DISTINCT application_name FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'plangate%'"
    " ORDER BY 1"
)


@dataclass(frozen=True)
class _Group:
    """From where the gatekeeper reads again, by topic and partition."""

    name: str
    offsets: Mapping[tuple[str, int], int]


def restored(since: str, until: str, *, dry_run: bool, as_json: bool) -> None:
    """Note in the store what was lost, and let the gatekeeper read again. Raises CommandError."""
    now = utc_now()
    lost_at = _moment("--until", until) if until else now
    lost = Lost(_moment("--since", since), lost_at, ())
    if not lost.since <= lost.until <= now:
        raise CommandError(
            f"--since {since} and --until {until or 'now'} are not in that order, or not over yet",
            "give the moment of the backup, then that of the loss",
        )
    settings = load_settings()
    if behind := migrate.behind(settings.store_url):
        raise CommandError(behind, "then say that it was restored")
    _tell(_restore(settings, lost, now, dry_run=dry_run), as_json=as_json, dry_run=dry_run)


def _moment(option: str, said: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise CommandError(f"{option} {said!r} is no moment", "write it as 2026-11-30T13:00:00Z") from None
    if moment.tzinfo is None:
        raise CommandError(f"{option} {said!r} names no time zone", f"write it as {said}Z, or with +01:00")
    return moment.astimezone(UTC)


@dataclass(frozen=True)
class _Done:
    """What was done; None: it had been before."""

    noted: Noted | None
    group: _Group


def _restore(settings: Settings, lost: Lost, now: datetime, *, dry_run: bool) -> _Done:
    gatekeepers = f"{settings.topic_prefix}{GATEKEEPERS}"
    _require_stopped(settings, gatekeepers)
    catalogue = open_catalogue(settings)
    idempotent = sorted(name for name, action in catalogue.actions.items() if action.idempotent)
    store = open_store(settings.store_url)
    try:
        with store.connect() as conn, conn.begin() as transaction:
            _require_alone(conn)
            if restored_since(conn, lost.since):
                return _Done(None, _Group(gatekeepers, {}))
            words, group = _read(settings, conn, gatekeepers, lost)
            of_catalogue = Lost(lost.since, lost.until, idempotent)
            noted = note_lost(conn, of_catalogue, words.since(catalogue), now)
            if dry_run:
                transaction.rollback()
            else:
                groups.read_again(settings, gatekeepers, group.offsets)
        return _Done(noted, group)
    finally:
        store.dispose()


def _require_stopped(settings: Settings, gatekeepers: str) -> None:
    for topic in (*_READ_AGAIN, VERDICTS):
        topics.require(settings, topic)
    routers = f"{settings.topic_prefix}{GROUPS}{Role.ROUTER}"
    session = float(settings.kafka.get("session.timeout.ms", 0)) / 1000
    for group in (gatekeepers, routers):
        groups.require_empty(settings, group, 1.5 * session or _SESSION_S)


def _require_alone(conn: Connection) -> None:
    """Resumers are in no group; their connections have names."""
    if not on_postgres(conn):
        return
    if names := list(conn.execute(_CONNECTED).scalars()):
        raise CommandError(f"the store is worked with ({', '.join(names)})", "stop workers and agents first")


def _read(settings: Settings, conn: Connection, gatekeepers: str, lost: Lost) -> tuple[LostWords, _Group]:
    """What the log holds of what was lost, and from where the gatekeeper reads it again."""
    log, words = Log(settings), LostWords(lost.until + _MARGIN)
    read = groups.committed(settings, gatekeepers)
    again: dict[tuple[str, int], int] = {}
    for topic in _READ_AGAIN:
        held = log.spans(topic, lost.since - _MARGIN)
        begin = known_until(conn, log, topic, held)
        found = list(log.read(topic, {number: (begin[number], held[number].end) for number in held}))
        known = are_known(conn, [each.record for each in found])
        starts = {number: span.end for number, span in held.items()}
        for each, is_known in zip(found, known, strict=True):
            words.note(each, is_known=is_known is True)
            if is_known is False:
                starts[each.partition] = min(starts[each.partition], each.offset)
        name = settings.topic(topic.name)
        again |= {(name, n): start for n, start in starts.items() if read.get((name, n), start) > start}
    told = log.spans(VERDICTS, lost.since - _MARGIN)
    for each in log.read(VERDICTS, {number: (span.start, span.end) for number, span in told.items()}):
        words.note(each)
    return words, _Group(gatekeepers, again)


def _tell(done: _Done, *, as_json: bool, dry_run: bool) -> None:
    noted, group = done.noted, done.group
    if as_json:
        offsets = [
            {"topic": topic, "partition": number, "offset": offset}
            for (topic, number), offset in sorted(group.offsets.items())
        ]
        counts = asdict(noted) if noted else {}
        print_json({"already": noted is None, "dry_run": dry_run, **counts, "offsets": offsets})
        return
    if noted is None:
        say("already: that restore is noted")
        return
    begin = "would begin" if dry_run else "begin"
    say(f"{noted.steps} steps that the store knows {begin} in doubt: they may have happened")
    say(f"{noted.plans} plans on the log may have run: their steps {begin} in doubt, unless outcomes tell")
    say(f"{noted.runs} of them are of runs that do not know them: what these ask next {begin} in doubt")
    for (topic, number), offset in sorted(group.offsets.items()):
        say(f"{group.name} {'would read' if dry_run else 'reads'} {topic}-{number} again from {offset} on")
