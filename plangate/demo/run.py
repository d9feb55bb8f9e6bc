"""The demo from its evening to its end."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from gate_events.shown import shown
from gate_events.words import DecisionKind
from gate_store.database import open_store
from plangate.cli.output import indented, say
from plangate.demo import asked, story
from plangate.demo.held import Confirmed, Held, confirmed_plans, held_plans
from plangate.demo.mail import PORT, Mailbox, sink
from plangate.demo.narration import narrate, title
from plangate.demo.progress import bar
from plangate.demo.reviewer import REVIEWER, Chooser, in_words, review
from plangate.demo.story import Task
from plangate.demo.tally import Tally, count
from plangate.demo.waiting import wait_for
from plangate.dev import env_file
from plangate.dev.broker import Broker
from plangate.dev.stack import Stack, services, workers
from plangate.examples import example
from plangate.wiring import open_catalogue, open_producer
from producers.decisions import decide
from producers.kafka_producer import KafkaProducer

OF_THE_RECORD = ("PLANGATE_STORE_URL", "PLANGATE_CATALOGUE")  # all that looking at it later needs
_CONFIRMED = "seen in the morning"
_LISTED = 2
_AGENT = "plangate.demo.night"
_MOCK_FETCH_MS = 100  # few and full batches: the mock cluster answers no waiting fetch before its end
_START_WITHIN_S = 240


@dataclass
class Demo:
    """What the acts of the demo share."""

    stack: Stack
    store: Engine
    producer: KafkaProducer
    choose: Chooser
    log: Path
    mailbox: Mailbox
    reviews: int = 0


@dataclass(frozen=True)
class Ended:
    """What came of it all."""

    tally: Tally
    held: Sequence[Held]
    confirmed: Sequence[Confirmed]


def run_demo(folder: Path, broker: Broker, store: str | None, choose: Chooser) -> Ended:
    """Run it all below `folder`, where mails, logs and `env` stay. Raises DevServiceError, DemoError."""
    started = time.monotonic()
    settings: dict[str, Any] = {
        "catalogue": example("catalogues/billing.yaml"),
        "graphs": Path(__file__).with_name("langgraph.json"),
        **({"kafka_fetch_wait_max_ms": _MOCK_FETCH_MS} if broker == "mock" else {}),
    }
    _introduce()
    with services(folder, broker, store, **settings) as stack, _mail(folder / "mails") as mailbox:
        say("")
        say(f"Kafka: {stack.broker}.")
        say(f"Store: {stack.settings.store_shown}")
        env_file.write({name: stack.environment[name] for name in OF_THE_RECORD}, folder)
        with (
            workers(stack, folder),
            open_producer(stack.settings, "plangate-demo") as producer,
        ):
            opened = open_store(stack.settings.store_url)
            demo = Demo(stack, opened, producer, choose, folder / "worker-1.log", mailbox)
            with bar("Plangate starts", None):
                import_module(_AGENT)  # LangGraph is loaded while the workers start
                wait_for("the workers to serve", lambda: asked.all_serve(opened), demo.log, _START_WITHIN_S)
            plans = list(_play(demo))
            return _ended(demo, plans, started)


def _introduce() -> None:
    narrate(
        f"An agent answers {story.INQUIRIES} billing inquiries overnight. It may look things up, leave "
        "notes, tag accounts and send mail. Before it acts it publishes its whole plan. Plangate stands "
        "in between: what can be taken back runs at once, the rest waits for a human."
    )


def _play(demo: Demo) -> Iterator[UUID]:
    """The evening's notices, the night's inquiries, the edge case, the morning's look at what ran."""
    title("1 of 4: in the evening, overdue notices")
    narrate(
        "The agent wants to mail the customers whose invoices are open. A mail cannot be taken back, so "
        f"Plangate asks {REVIEWER}, who reviews for billing."
    )
    yield from _held(demo, story.evening())
    title(f"2 of 4: at night, {story.INQUIRIES} billing inquiries")
    yield from _night(demo, story.night())
    title("3 of 4: the edge case")
    unsure = sum(customer.is_unsure for customer in story.customers())
    narrate(
        f"{unsure} customers wrote that they are not sure whether they were told. The agent takes a branch "
        "that nobody thought of: it wants to tell everyone again."
    )
    yield from _held(demo, story.edge_case())
    title("4 of 4: in the morning, what ran without asking")
    _confirm_what_ran(demo)


def _held(demo: Demo, task: Task) -> list[UUID]:
    """A plan that waits for the reviewer, and runs as decided."""
    plans = _submitted(demo, [task], "the agent plans")
    if plans:
        with bar("Plangate judges the plan", None):
            request = wait_for("the approval request", lambda: asked.pending(demo.store, plans), demo.log)[0]
        steps = review(request, demo.producer, demo.choose, open_catalogue(demo.stack.settings))
        demo.reviews += 1
        before = len(demo.mailbox.messages)
        _until_done(demo, plans, "the plan runs" if steps else "the agent hears of it", steps)
        arrived = len(demo.mailbox.messages) - before
        ran = "The plan ran as it was approved" if steps else "The plan did not run"
        say(f"{ran}: {arrived or 'no'} mail{'' if arrived == 1 else 's'} arrived.")
    return plans


def _night(demo: Demo, tasks: Sequence[Task]) -> list[UUID]:
    plans = _submitted(demo, tasks, "the agent reads, and plans")
    if plans:
        _until_done(demo, plans, "the plans run")
        narrate(f"{len(plans)} plans ran at once, and nobody was asked: {_done_at_night(demo.store, plans)}.")
    return plans


def _done_at_night(store: Engine, plans: Sequence[UUID]) -> str:
    said = {"look_up_invoice": "invoices looked up", "add_note": "notes", "tag_account": "tags"}
    return ", ".join(f"{number} {said[action]}" for action, number in asked.effects_of(store, plans))


def _submitted(demo: Demo, tasks: Sequence[Task], what: str) -> list[UUID]:
    from plangate.demo.night import new_tasks, submit_all  # noqa: PLC0415 - it loads LangGraph

    fresh = new_tasks(demo.store, tasks)
    if len(fresh) < len(tasks):
        say(f"{len(tasks) - len(fresh)} of {len(tasks)} tasks are done already: nothing is repeated")
    with bar(what, len(fresh) if len(fresh) > 1 else None) as show:
        return asyncio.run(submit_all(demo.stack.settings.store_url, fresh, show))


def _until_done(demo: Demo, plans: Sequence[UUID], what: str, steps: int | None = None) -> None:
    """Wait until their runs have ended; the bar counts `steps` where that is given, else plans."""
    with bar(what, len(plans) if steps is None else steps) as show:

        def all_done() -> bool:
            over = asked.ended(demo.store, plans)
            done = sum(number for _, number in asked.effects_of(demo.store, plans)) if steps else over
            show(done)
            return over == len(plans)

        wait_for(what, all_done, demo.log)


def _confirm_what_ran(demo: Demo) -> None:
    """Partly reversible plans ran, and are looked at now: one batch."""
    tagged = sum("later" in customer.inquiry for customer in story.customers())
    wait_for("the reviews afterwards", lambda: asked.reviews_afterwards(demo.store) >= tagged, demo.log)
    requests = asked.pending(demo.store, None)
    if not requests:
        return
    narrate(
        f"{len(requests)} of these plans can be taken back only in part. They ran, and {REVIEWER} reads them:"
    )
    texts = sorted(asked.partly_reversible(requests))
    for text in texts[:_LISTED]:
        indented(f"• {shown(text)}", 2)
    if len(texts) > _LISTED:
        indented(f"and {len(texts) - _LISTED} more like these", 2)
    for request in requests:
        decide(demo.producer, request, DecisionKind.CONFIRM, by=REVIEWER, note=_CONFIRMED)
    demo.reviews += len(requests)
    wait_for("the confirmations", lambda: not asked.pending(demo.store, None), demo.log)
    say(f"{REVIEWER}: CONFIRM, all {len(requests)} in one batch{in_words(_CONFIRMED)}", style="bold")


def _ended(demo: Demo, plans: Sequence[UUID], started: float) -> Ended:
    with demo.store.connect() as conn:
        held = held_plans(conn, plans, demo.mailbox)
        confirmed = confirmed_plans(conn, plans)
    seconds = time.monotonic() - started
    tally = count(demo.store, plans, held, demo.mailbox, story.INQUIRIES, demo.reviews, seconds)
    demo.store.dispose()
    return Ended(tally, held, confirmed)


@contextmanager
def _mail(folder: Path) -> Iterator[Mailbox]:
    """The sink, its port known to this process and its children."""
    controller, mailbox = sink(folder)
    controller.start()
    os.environ[PORT] = str(controller.port)
    try:
        yield mailbox
    finally:
        controller.stop()
