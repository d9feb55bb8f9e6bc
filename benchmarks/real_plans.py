"""Plans that others wrote, through the whole gate: `python -m benchmarks.real_plans FILE…`.

On Apache Kafka and PostgreSQL with three workers. Each domain has its catalogue in `examples/`; each plan is
proposed as an event, routed, decided where it is held (approved when its writes are the right ones, or
nothing stands beside it to tell; else rejected), and carried out by services that execute for themselves.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from uuid import UUID

import msgspec
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Connection, func, select
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from benchmarks.cases import Case, read_cases
from benchmarks.executor import Witness, executors
from gate_events.ids import derived
from gate_events.records import ApprovalRequested
from gate_events.words import DecisionKind, Timing
from gate_store.database import open_store, utc_now
from gate_store.tables import clearances, gates, plan_outcomes
from plangate.dev.stack import Stack, services, workers
from plangate.examples import example
from plangate.wiring import open_catalogue, open_producer
from producers.decisions import decide
from producers.kafka_producer import KafkaProducer
from producers.plans import proposal

WORKERS = 3
PATIENCE_S = 300


def main(files: Sequence[str]) -> None:
    """Run all files and print the sums as the last line."""
    total: Counter[str] = Counter()
    cases = sorted(read_cases(map(Path, files)), key=lambda case: case.domain)
    with Progress(console=Console(stderr=True)) as progress:
        for domain, group in groupby(cases, key=lambda case: case.domain):
            total.update(_run(domain, list(group), progress))
    keys = (
        "plans", "auto_executed", "held", "approved", "rejected",
        "outcomes", "executed_twice", "unapproved", "unfinished",
    )  # fmt: skip
    print(msgspec.json.encode({key: total[key] for key in keys}).decode())


def _run(domain: str, cases: Sequence[Case], progress: Progress) -> Counter[str]:
    witness = Witness()
    catalogue = example(f"catalogues/{domain}.yaml")
    with (
        tempfile.TemporaryDirectory(prefix="plangate-real-", dir="/var/tmp") as folder,
        services(_open(Path(folder)), "apache", "postgresql", catalogue=catalogue) as stack,
        workers(stack, Path(folder), WORKERS),
        executors(stack.settings, witness, 2),
    ):
        by_plan = _propose(stack, cases)
        bar = progress.add_task(domain, total=len(cases))
        _decide_until_done(stack, by_plan, lambda done: progress.update(bar, completed=done))
        return _count(stack, by_plan, witness)


def _open(folder: Path) -> Path:
    folder.chmod(0o755)
    return folder


def _propose(stack: Stack, cases: Sequence[Case]) -> dict[UUID, Case]:
    by_plan = {derived("benchmark", case.name): case for case in cases}
    with open_producer(stack.settings, "benchmark") as producer:
        producer.send_all(proposal(case.plan(), plan_id, 1, utc_now) for plan_id, case in by_plan.items())
    return by_plan


def _decide_until_done(stack: Stack, by_plan: dict[UUID, Case], report: Callable[[int], None]) -> None:
    """Be the reviewers until every plan has its outcome, or patience is over."""
    store = open_store(stack.settings.store_url)
    catalogue = open_catalogue(stack.settings)
    decided: set[UUID] = set()
    with open_producer(stack.settings, "benchmark-reviewer") as producer:

        def look() -> bool:
            with store.connect() as conn:
                waiting = _pending(conn, decided)
                done = conn.execute(select(func.count()).select_from(plan_outcomes)).scalar_one()
            for request in waiting:
                _decide(producer, request, right=by_plan[request.plan_id].is_right(catalogue))
            decided.update(request.request_id for request in waiting)
            report(done)
            return done >= len(by_plan)

        with suppress(RetryError):  # what is missing then is counted as unfinished
            Retrying(
                stop=stop_after_delay(PATIENCE_S),
                wait=wait_fixed(0.2),
                retry=retry_if_result(lambda done: not done),
            )(look)


def _pending(conn: Connection, decided: set[UUID]) -> list[ApprovalRequested]:
    query = select(gates.c.request).where(
        gates.c.state == "PENDING", gates.c.timing == Timing.BEFORE.value, gates.c.gate_id.not_in(decided)
    )
    return [msgspec.convert(request, ApprovalRequested) for request in conn.execute(query).scalars()]


def _decide(producer: KafkaProducer, request: ApprovalRequested, *, right: bool) -> None:
    """As many reviewers approve as the terms ask for; one rejects."""
    terms = request.review.terms
    voices = terms.reviewers[: terms.quorum] if right else terms.reviewers[:1]
    for voice in voices:
        decide(producer, request, DecisionKind.APPROVE if right else DecisionKind.REJECT, by=voice)


def _count(stack: Stack, by_plan: dict[UUID, Case], witness: Witness) -> Counter[str]:
    with open_store(stack.settings.store_url).connect() as conn:
        states = Counter(dict(_held_by_state(conn)))
        cleared = conn.execute(
            select(func.count()).select_from(clearances).where(clearances.c.gate_id.is_(None))
        ).scalar_one()
        ended = set(conn.execute(select(plan_outcomes.c.plan_id)).scalars())
        allowed = {str(plan_id) for plan_id in conn.execute(select(clearances.c.plan_id)).scalars()}
    return Counter(
        plans=len(by_plan),
        auto_executed=cleared,
        held=states.total(),
        approved=states["APPROVED"],
        rejected=states["REJECTED"],
        outcomes=len(ended),
        executed_twice=witness.repeats,
        unapproved=len(witness.plans - allowed),
        unfinished=len(by_plan.keys() - ended),
    )


def _held_by_state(conn: Connection) -> list[tuple[str, int]]:
    query = (
        select(gates.c.state, func.count())
        .where(gates.c.timing == Timing.BEFORE.value)
        .group_by(gates.c.state)
    )
    return [(state, count) for state, count in conn.execute(query)]


if __name__ == "__main__":
    main(sys.argv[1:])
