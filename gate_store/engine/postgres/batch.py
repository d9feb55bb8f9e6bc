"""Many acts as the arrays of one statement, and what its answer means for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.postgres.base import BasePostgresSaver

from gate_store.engine.port import (
    Act,
    FenceLostError,
    NotClearedError,
    PackedPut,
    Refusal,
    StoppedError,
    UnwritableError,
)
from gate_store.engine.postgres.puts import PutRows, Row, pack
from gate_store.engine.rows import STOPPED, json_text, text

Run = tuple[str, int]  # thread_id and token


@dataclass(slots=True)
class ActRows:
    """One act as rows."""

    act: Act
    puts: list[PutRows]
    results: list[Row]
    pause: str | None

    @property
    def run(self) -> Run:
        """Which claim it belongs to."""
        return self.act.thread_id, self.act.token


def act_rows(act: Act, saver: BasePostgresSaver) -> ActRows:
    """Serialise an act. Raises what the serializer raises, and ValueError where a put is another run's."""
    packed = [put if isinstance(put, PackedPut) else pack(put, saver) for put in act.puts]
    if any(put.thread_id != act.thread_id for put in packed):
        raise ValueError("a checkpoint of another thread")
    results = [(r.effect_id, r.state, text(r.detail), json_text(r.result), r.doubt_id) for r in act.results]
    pause = json_text(act.end.pause) if act.end else None
    return ActRows(act, [put.rows for put in packed], results, pause)


@dataclass(slots=True)
class Batch:
    """Rows of all acts, each table's keys once: a statement can touch a row only once."""

    runs: dict[Run, list[Any]] = field(default_factory=dict)
    intents: list[Row] = field(default_factory=list)
    results: list[Row] = field(default_factory=list)
    blobs: list[Row] = field(default_factory=list)
    checkpoints: dict[Row, Row] = field(default_factory=dict)
    writes: dict[Row, tuple[bool, Row]] = field(default_factory=dict)
    outbox: list[Row] = field(default_factory=list)

    def add(self, rows: ActRows) -> None:
        """Take an act in, after those of the same run that came before it."""
        act = rows.act
        self._add_run(rows)
        self.intents += [
            (
                *rows.run,
                i.effect_id,
                i.step.step_id,
                i.step_digest,
                i.step.action_type,
                i.window_key,
                i.repeat,
            )
            for i in act.intents
        ]
        self.results += [(*rows.run, *result) for result in rows.results]
        self.outbox += [(o.event_id, o.record, o.key, o.body, o.contract, o.traceparent) for o in act.outbox]
        for put in rows.puts:
            self._add_put(put)

    def _add_run(self, rows: ActRows) -> None:
        line = self.runs.setdefault(rows.run, [*rows.run, None, None, "", None, None, None, None])
        if rows.act.new_head is not None:
            line[2] = rows.act.new_head
        if end := rows.act.end:
            line[3:] = [
                end.status,
                text(end.error),
                rows.pause,
                end.plan_id,
                end.not_before,
                end.asked_digest,
            ]

    def _add_put(self, put: PutRows) -> None:
        self.blobs += put.blobs
        if put.checkpoint:
            self.checkpoints[put.checkpoint[:3]] = put.checkpoint
        for row in put.writes:
            thread_id, namespace, checkpoint_id, task_id, _, idx, *_ = row
            key = (thread_id, namespace, checkpoint_id, task_id, idx)
            if put.replace or key not in self.writes:
                self.writes[key] = (put.replace, row)

    def parameters(self) -> list[list[Any]]:
        """In the order of FLUSH. Runs are sorted, so that two flushes never wait for each other in a ring."""
        kept = [row for replace, row in self.writes.values() if not replace]
        replaced = [row for replace, row in self.writes.values() if replace]
        tables = (
            (sorted(self.runs.values(), key=lambda line: (line[0], line[1])), 9),
            (self.intents, 8),
            (self.results, 7),
            (self.blobs, 6),
            (list(self.checkpoints.values()), 6),
            (kept, 9),
            (replaced, 9),
            (self.outbox, 6),
        )
        return [column for rows, width in tables for column in _columns(rows, width)]


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def refused(acts: Sequence[ActRows], answer: Any) -> dict[int, Refusal]:
    """Which acts the database did not take, by their place in `acts`."""
    held = set(zip(answer["held_threads"], answer["held_tokens"], strict=True))
    started, finished, stopped = (set(answer[name]) for name in ("started", "finished", "stopped"))
    found: dict[int, Refusal] = {}
    for place, rows in enumerate(acts):
        act = rows.act
        if rows.run not in held:
            found[place] = FenceLostError(*rows.run)
        elif waits := [i for i in act.intents if i.effect_id in stopped]:
            found[place] = StoppedError(waits[0].step.step_id, STOPPED)
        elif missing := [i for i in act.intents if i.effect_id not in started]:
            found[place] = NotClearedError(missing[0].step.step_id)
        elif any(r.effect_id not in finished for r in act.results):
            found[place] = UnwritableError(act.thread_id, "a result of an effect that is not under way")
    return found
