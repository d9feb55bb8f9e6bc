"""For services that execute for themselves: what may run, one plan at a time."""

import logging
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from cachetools import LRUCache
from confluent_kafka import Message

from gate_events.codec import SchemaOfId
from gate_events.records import PlanDecided, StepResult
from gate_policy.catalogue import load_catalogue
from gate_store.database import Clock, open_store, utc_now
from gate_store.engine.port import NotClearedError, NotNowError, OutdatedError
from gate_store.stop_file import StopFile, named_by_environment
from gate_store.stops import refuse_stopped
from producers.acting import Task, Word, task_of
from producers.at_work import AtWork, says_every_s
from producers.dead_letters import bury
from producers.gatekeeper_offsets import gatekeeper_offsets
from producers.hearing import Heard, Words
from producers.in_hand import InHand
from producers.kafka_producer import KafkaProducer, SchemaIdOf
from producers.offsets import Partition
from producers.outcomes import begun, outcome
from producers.postponed import Postponed, TooManyWaitError
from producers.spans import work_span
from producers.stop_topic import StopTopic
from producers.stops_here import Stops, StopsHere
from producers.store_ledger import LEASE_S, NoLedger, StepLedger, StoreLedger
from producers.work import Work

_POLL_S = 0.5
_REMEMBERED = 10_000  # words whose outcome was told: a repetition comes soon, where it comes at all
# Without a store nothing else keeps the plan in hand from the group's other members; librdkafka's longest.
_UNTIL_DONE = {"max.poll.interval.ms": 86_400_000}

Keep = Callable[[Message, Exception], None]

_log = logging.getLogger("plangate.verdicts")


class NoOutcomeError(RuntimeError):
    """Plan {plan_id} has no outcome yet."""

    def __init__(self, plan_id: UUID) -> None:
        super().__init__(f"plan {plan_id} has no outcome yet: use `with work:`, or call work.done()")
        self.plan_id = plan_id


def verdicts(
    kafka: Mapping[str, Any],
    *,
    group: str,
    actions: Collection[str] | None = None,
    store_url: str | None = None,
    catalogue: Path | None = None,
    consumer: Mapping[str, Any] | None = None,
    topic_prefix: str = "",
    executor: str | None = None,
    say_not_run: bool = True,
    idle_s: float | None = None,
    lease_s: float = LEASE_S,
    schema_id_of: SchemaIdOf | None = None,
    schema_of: SchemaOfId | None = None,
    now: Clock = utc_now,
    stop_file: Path | None = None,
) -> "Verdicts":
    """Iterate over the plans that may run: `for work in verdicts({"bootstrap.servers": …}, group="mailer")`.

    `kafka` are librdkafka's options, `consumer` those that only its consumer knows. Members of one `group`
    share the plans; keep its name, a new one begins with the oldest record. `topic_prefix` stands before the
    topics' names and the group's. `actions` are the action types that this service carries out: a plan with
    any other is left alone (None: every plan is ours). With `store_url` no step is done twice, whoever
    crashes: a step that a dead process began is its own for `lease_s` seconds more, then it is repeated if
    `catalogue` calls its action idempotent, else a human is asked. A plan that may run only later comes
    again then, and those behind it go on. Without it the gate is told that a plan is
    being worked at, and the group gives it to nobody else while this process lives, for a day.
    Nothing is begun that `stop_file` says is stopped (None: the file that PLANGATE_STOP_FILE names, else
    .plangate/stop in this folder), or the store, or, without a store, the topic `stops`, which is read to its
    end before anything begins; the next effect of a plan under way waits, too.
    A plan that was rejected, expired or withdrawn gets the outcome NOT_RUN, unless `say_not_run` is False.
    Ends `idle_s` seconds after the last word, once all are read, or by `stop()`; without it waits for ever.
    What waits for other work to end is read again by the next start.
    """
    with ExitStack() as opened:
        producer = opened.enter_context(
            KafkaProducer(kafka, source=group, topic_prefix=topic_prefix, schema_id_of=schema_id_of)
        )
        executor = executor or f"{group}@{socket.gethostname()}"
        ledger: StepLedger = NoLedger()
        if store_url:
            judged = load_catalogue(catalogue.read_text("utf-8"), str(catalogue)) if catalogue else None
            ledger = StoreLedger(open_store(store_url), executor, now, judged, lease_s)
            opened.callback(ledger.close)
        keep = partial(bury, producer, group, now)
        own = {} if ledger.decides else _UNTIL_DONE
        read = gatekeeper_offsets(kafka, topic_prefix)
        postponed = Postponed(read.has_passed)
        options = {**own, **kafka, **(consumer or {})}
        in_hand = InHand()

        def forget(partitions: Collection[Partition]) -> None:
            in_hand.give_up(partitions)
            postponed.forget(partitions)

        words = Words(options, kafka, group, topic_prefix, schema_of, keep, forget, read.made_anew)
        opened.callback(words.close)
        settling = Settling(words, producer, executor, say_not_run, now, keep)
        topic = None if ledger.decides else StopTopic(options, group, topic_prefix, schema_of)
        if topic:
            opened.callback(topic.close)
        stops = StopsHere(StopFile(stop_file or named_by_environment()), topic)
        return Verdicts(settling, ledger, postponed, actions, idle_s, now, opened.pop_all(), stops, in_hand)


class Settling:
    """Delivers outcomes, and only then counts a word as read."""

    def __init__(
        self, words: Words, producer: KafkaProducer, executor: str, say_not_run: bool, now: Clock, keep: Keep
    ) -> None:
        self.words = words
        self._producer = producer
        self._executor = executor
        self._say_not_run = say_not_run
        self._bury = keep
        self._now = now

    def begin(self, heard: Heard, attempt: int) -> None:
        """The plan of this word is being worked at."""
        self._producer.send(begun(heard.word, attempt, self._executor, self._now()))

    def settle(self, heard: Heard, attempt: int, results: list[StepResult] | None) -> None:
        """The plan of this word has these results; None: it is still open."""
        if results is not None:
            self._producer.send(outcome(heard.word, attempt, results, self._executor, self._now()))
        self.words.done(heard.message, durably=True)

    def refuse(self, heard: Heard, error: NotClearedError | TooManyWaitError) -> None:
        """Nothing of this plan may be done; the plans behind it are not kept waiting."""
        _log.warning("plan %s is passed over: %s", heard.word.plan_id, error)
        if not isinstance(error, OutdatedError):  # a late one the gate asks about again
            self._bury(heard.message, error)
        self.words.done(heard.message)

    def pass_over(self, heard: Heard, task: Task) -> None:
        """Nothing of this plan is to be run here."""
        if task is Task.SAY_NOT_RUN and self._say_not_run:
            self.settle(heard, heard.word.attempt, [])
        else:
            self.words.done(heard.message)


def _name(word: Word) -> tuple[str, UUID | None]:
    """A router may clear a plan twice, by other records; a verdict is the same one however often it comes."""
    return word.digest, word.event_id if isinstance(word, PlanDecided) else None


class Verdicts:
    """The iterator of `verdicts`. Leaving its `with` block commits what is done and leaves the group."""

    def __init__(
        self,
        settling: Settling,
        ledger: StepLedger,
        postponed: Postponed,
        actions: Collection[str] | None,
        idle_s: float | None,
        now: Clock,
        opened: ExitStack,
        stops: Stops,
        in_hand: InHand,
    ) -> None:
        self._stops = stops
        self._plan = in_hand
        self._settling = settling
        self._ledger = ledger
        self._postponed = postponed
        self._actions = None if actions is None else frozenset(actions)
        self._idle_s = idle_s
        self._now = now
        self._opened = opened
        self._stopped = Event()
        self._in_hand: AtWork | None = None
        self._told: LRUCache[tuple[str, UUID | None], None] = LRUCache(_REMEMBERED)

    def stop(self) -> None:
        """End the iteration after the work in hand; for signal handlers and other threads."""
        self._stopped.set()

    def close(self) -> None:
        """Commit what is done and leave the group."""
        self._let_go()
        self._opened.close()

    def __iter__(self) -> Iterator[Work]:
        heard_at = monotonic()
        while not self._stopped.is_set():
            for again in self._postponed.due():
                yield from self._work(again)
            heard = self._next()
            if heard:
                yield from self._work(heard)
            if heard or not self._settling.words.caught_up or self._postponed.is_soon_known:
                heard_at = monotonic()
            elif self._idle_s is not None and monotonic() - heard_at > self._idle_s:
                return

    def _next(self) -> Heard | None:
        """The next word; None: none came in time, or too many wait already."""
        until_due_s = self._postponed.next_due_s(_POLL_S)
        if not self._postponed.is_full:
            return self._settling.words.next(until_due_s)
        self._settling.words.rest(until_due_s)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self, heard: Heard) -> Iterator[Work]:
        try:
            yield from self._done(heard)
        except NotNowError as error:
            self._postpone(heard, error)
        else:
            self._postponed.drop(heard)

    def _postpone(self, heard: Heard, error: NotNowError) -> None:
        """The plans behind it are not kept waiting."""
        try:
            self._postponed.put(heard, error)
        except (NotNowError, TooManyWaitError) as given_up:
            self._postponed.drop(heard)
            self._settling.refuse(heard, given_up)

    def _done(self, heard: Heard) -> Iterator[Work]:
        """Raises NotNowError where it may be done later."""
        decides = self._ledger.decides
        task = task_of(heard.word, self._actions, self._now(), ledger_decides=decides)
        # Without a ledger nothing knows which steps are done already.
        if task is not Task.RUN and not (task is Task.GO_ON and decides):
            self._settling.pass_over(heard, task)
            return
        if _name(heard.word) in self._told:  # delivered again: without a ledger nothing else knows
            self._settling.words.done(heard.message)
            return
        try:
            refuse_stopped(self._stops.stops(), *heard.word.steps)
            self._ledger.may_run(heard.word)
        except NotNowError:
            raise
        except NotClearedError as error:
            self._settling.refuse(heard, error)
            return
        attempt = self._ledger.attempt(heard.word)
        settle = partial(self._settle, heard, attempt)
        at_work, stay = self._at_work(heard, attempt), self._settling.words.stay
        work = Work(heard.word, self._ledger, settle, at_work, self._now, self._stops, stay)
        self._plan.take(heard, work)
        try:
            with work_span(heard.word, heard.message):
                yield work
        finally:
            self._plan.let_go()
            self._let_go()
        if work.not_now:
            raise work.not_now
        if not work.settled:
            raise NoOutcomeError(work.plan_id)

    def _settle(self, heard: Heard, attempt: int, results: list[StepResult] | None) -> None:
        self._settling.settle(heard, attempt, results)
        if results is not None:
            self._told[_name(heard.word)] = None

    def _at_work(self, heard: Heard, attempt: int) -> AtWork:
        self._let_go()
        self._in_hand = AtWork(partial(self._settling.begin, heard, attempt), says_every_s(heard.word))
        return self._in_hand

    def _let_go(self) -> None:
        """Nobody says any more that the plan in hand is being worked at."""
        if self._in_hand:
            self._in_hand.end()
