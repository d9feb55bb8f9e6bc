"""Who works on this store, and when it was last heard of, by the store's own clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, or_, select, update

from gate_store.bulk import insert_new
from gate_store.dialects import among, database_now, read, store_moment, whole
from gate_store.tables import heartbeats

BEAT_S = 10.0
SILENT_AFTER = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(days=1)

GATEKEEPER, RESUMER, ROUTER = "gatekeeper", "resumer", "router"


@dataclass(frozen=True)
class Process:
    """A process of a worker. `instance` names its place, which no other living process has.

    `catalogue` is the digest of the one that it judges by; `graphs` are those that it resumes, each with its
    version. `undoes`: the action types of undo plans that it executes, by graph.
    """

    name: str
    instance: str
    host: str
    version: str
    catalogue: str
    graphs: Mapping[str, str] = field(default_factory=dict)
    undoes: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Heard:
    """What a process last said of one part that it does. `is_silent`: it said nothing for a minute."""

    part: str
    process: Process
    since: datetime
    last: datetime
    alive_for: timedelta
    silent_for: timedelta
    trouble: str | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it missed several beats."""
        return self.silent_for > SILENT_AFTER

    @property
    def does_its_part(self) -> bool:
        """Whether somebody may count on it."""
        return not self.is_silent and not self.trouble


def begin_to_beat(
    conn: Connection, process: Process, troubles: Mapping[str, str | None], now: datetime
) -> None:
    """Note a process that starts, once for each part that it does, with why it does not yet.

    What was noted of its place before goes, and who was not heard of for a day.
    """
    now = store_moment(conn, now)
    lost = or_(
        and_(heartbeats.c.instance == process.instance, heartbeats.c.name != process.name),
        heartbeats.c.beat_at < now - FORGOTTEN_AFTER,
    )
    conn.execute(delete(heartbeats).where(among(conn, heartbeats.c.part, troubles), lost))
    told = {
        "name": process.name,
        "instance": process.instance,
        "host": process.host,
        "version": process.version,
        "catalogue": process.catalogue,
        "graphs": dict(process.graphs),
        "undoes": {graph: list(actions) for graph, actions in process.undoes.items()},
        "started_at": now,
        "beat_at": now,
    }
    rows = [{**told, "part": part, "trouble": trouble} for part, trouble in troubles.items()]
    insert_new(conn, heartbeats, rows, "name", "part")


def beat(conn: Connection, name: str, part: str, trouble: str | None, now: datetime) -> bool:
    """Say that a process lives, and why it does not do its part. False: nothing is noted of it."""
    of_it = (heartbeats.c.name == name, heartbeats.c.part == part)
    said = {"beat_at": database_now(conn, now), "trouble": trouble}
    return conn.execute(update(heartbeats).where(*of_it).values(**said)).rowcount == 1


def end_beating(conn: Connection, name: str, parts: Iterable[str]) -> None:
    """Forget a process that ended cleanly."""
    of_it = (heartbeats.c.name == name, among(conn, heartbeats.c.part, parts))
    conn.execute(delete(heartbeats).where(*of_it))


def heard(conn: Connection, now: datetime) -> list[Heard]:
    """Everybody who did not end cleanly, by part, the newest word first."""
    now = store_moment(conn, now)
    found = conn.execute(
        select(
            heartbeats.c.part,
            heartbeats.c.name,
            heartbeats.c.instance,
            heartbeats.c.host,
            heartbeats.c.version,
            heartbeats.c.catalogue,
            whole(heartbeats.c.graphs).label("graphs"),
            whole(heartbeats.c.undoes).label("undoes"),
            heartbeats.c.started_at,
            heartbeats.c.beat_at,
            heartbeats.c.trouble,
        ).order_by(heartbeats.c.part, heartbeats.c.beat_at.desc(), heartbeats.c.name)
    )
    return [
        Heard(
            part=row.part,
            process=Process(
                name=row.name,
                instance=row.instance,
                host=row.host,
                version=row.version,
                catalogue=row.catalogue,
                graphs=read(row.graphs, dict[str, str]),
                undoes=read(row.undoes, dict[str, list[str]]) if row.undoes else {},
            ),
            since=row.started_at,
            last=row.beat_at,
            alive_for=now - row.started_at,
            silent_for=now - row.beat_at,
            trouble=row.trouble,
        )
        for row in found
    ]
