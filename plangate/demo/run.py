"""The demo from its evening to its end."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from rich.progress import Progress
from sqlalchemy import Engine, func, select

from gate_events.records import ApprovalRequested
from gate_events.words import DecisionKind, Tier, Timing
from gate_store.database import open_store
from gate_store.dialects import among
from gate_store.tables import gates, runs
from plangate.cli.output import console, errors, say
from plangate.demo import story
from plangate.demo.mail import PORT, Mailbox, sink
from plangate.demo.night import new_tasks, submit_all
from plangate.demo.planner import branch_chooser
from plangate.demo.reviewer import REVIEWER, Chooser, review
from plangate.demo.story import Task
from plangate.demo.tally import Tally, count
from plangate.demo.waiting import wait_for
from plangate.dev.stack import Broker, Stack, services, workers
from plangate.examples import example
from plangate.wiring import open_catalogue, open_producer
from producers.decisions import decide
from producers.kafka_producer import KafkaProducer


@dataclass
class Demo:
    """What the acts of the demo share."""

    stack: Stack
    store: Engine
    producer: KafkaProducer
    choose: Chooser
    log: Path
    reviews: int = 0

    @property
    def url(self) -> str:
        """The store's address."""
        return self.stack.settings.store_url


def run_demo(folder: Path, broker: Broker, store: str | None, choose: Chooser) -> Tally:
    """Run it all below `folder`. Raises DevServiceError, DemoError."""
    started = time.monotonic()
    branch_chooser()  # a model that cannot be used is said before anything starts
    settings: dict[str, Any] = {
        "catalogue": example("catalogues/billing.yaml"),
        "graphs": Path(__file__).with_name("langgraph.json"),
    }
    with services(folder, broker, store, **settings) as stack, _mail() as mailbox:
        say(f"Kafka: {stack.broker}; store: {stack.settings.store_shown}")
        with (
            workers(stack, folder),
            open_producer(stack.settings, "plangate-demo") as producer,
        ):
            demo = Demo(
                stack, open_store(stack.settings.store_url), producer, choose, folder / "worker-1.log"
            )
            plans = list(_play(demo))
            return count(
                demo.store, plans, mailbox, story.INQUIRIES, demo.reviews, time.monotonic() - started
            )


def _play(demo: Demo) -> Iterator[UUID]:
    """The evening's notices, the night's inquiries, the edge case, the morning's look at what ran."""
    console.rule("The evening: overdue notices")
    yield from _held(demo, story.evening())
    console.rule(f"The night: {story.INQUIRIES} billing inquiries")
    yield from _night(demo, story.night())
    console.rule("The edge case: someone may not have been told")
    yield from _held(demo, story.edge_case())
    console.rule("The morning: what ran without asking")
    _confirm_what_ran(demo)


def _held(demo: Demo, task: Task) -> list[UUID]:
    """A plan that waits for the reviewer, and runs as decided."""
    plans = _submitted(demo, [task])
    if plans:
        request = wait_for("the approval request", lambda: _pending(demo.store, plans), demo.log)[0]
        review(request, demo.producer, demo.choose, open_catalogue(demo.stack.settings))
        demo.reviews += 1
        _until_done(demo, plans, "the approved plan to run")
    return plans


def _night(demo: Demo, tasks: Sequence[Task]) -> list[UUID]:
    plans = _submitted(demo, tasks)
    _until_done(demo, plans, "the inquiries to be answered")
    return plans


def _submitted(demo: Demo, tasks: Sequence[Task]) -> list[UUID]:
    fresh = new_tasks(demo.store, tasks)
    if len(fresh) < len(tasks):
        say(f"{len(tasks) - len(fresh)} of {len(tasks)} tasks are done already: nothing is repeated")
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        bar = progress.add_task("planning", total=len(fresh))
        return asyncio.run(submit_all(demo.url, fresh, lambda: progress.advance(bar)))


def _until_done(demo: Demo, plans: Sequence[UUID], what: str) -> None:
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        bar = progress.add_task("running", total=len(plans))

        def all_done() -> bool:
            with demo.store.connect() as conn:
                ended = select(func.count()).where(
                    among(conn, runs.c.plan_id, plans), runs.c.status.in_(["DONE", "FAILED", "STALE"])
                )
                done = conn.execute(ended).scalar_one()
            progress.update(bar, completed=done)
            return done == len(plans)

        wait_for(what, all_done, demo.log)
    say("the plan ran" if len(plans) == 1 else f"{len(plans)} plans ran")


def _confirm_what_ran(demo: Demo) -> None:
    """Partly reversible plans ran, and are looked at now: one batch."""
    tagged = sum("later" in customer.inquiry for customer in story.customers())
    wait_for("the reviews afterwards", lambda: _reviews_asked(demo.store) >= tagged, demo.log)
    requests = _pending(demo.store, None)
    groups = [group for request in requests for group in request.review.groups]
    for request in requests:
        decide(demo.producer, request, DecisionKind.CONFIRM, by=REVIEWER, note="seen in the morning")
    for text in sorted({group.text for group in groups if group.tier is Tier.PARTIALLY_REVERSIBLE}):
        say(f"  • {text}")
    say(f"{REVIEWER} confirms {len(requests)} plans that ran, in one batch")
    demo.reviews += len(requests)
    wait_for("the confirmations", lambda: not _pending(demo.store, None), demo.log)


def _pending(store: Engine, plans: Sequence[UUID] | None) -> list[ApprovalRequested]:
    with store.connect() as conn:
        query = select(gates.c.request).where(gates.c.state == "PENDING").order_by(gates.c.requested_at)
        if plans is not None:
            query = query.where(among(conn, gates.c.plan_id, plans))
        found = conn.execute(query).scalars().all()
    return [msgspec.convert(request, ApprovalRequested) for request in found]


def _reviews_asked(store: Engine) -> int:
    with store.connect() as conn:
        query = select(func.count()).where(gates.c.timing == Timing.AFTER.value)
        return conn.execute(query).scalar_one()


@contextmanager
def _mail() -> Iterator[Mailbox]:
    """The sink, its port known to this process and its children."""
    controller, mailbox = sink()
    controller.start()
    os.environ[PORT] = str(controller.port)
    try:
        yield mailbox
    finally:
        controller.stop()
