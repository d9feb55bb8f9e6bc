"""Asks once more about a run that failed, in the words of the catalogue in force."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from gate_events.records import ApprovalRequested
from gate_events.shown import quoted, shown, words_of
from gate_events.values import Finding
from gate_policy.catalogue import Catalogue
from gate_store.half_done import about_the_rest
from gate_store.retrying import BEGUN_AGAIN, FailedRun, NotRetryableError, failed_run, pause_again
from stream_apps.asking_again import AskingAgain, let_run

LEFT_FAILED = "failed"  # the finding about steps that nobody named


def ask_to_retry(
    conn: Connection,
    thread_id: str,
    begin_again: Collection[str],
    by: str,
    note: str,
    catalogue: Catalogue,
    now: datetime,
) -> ApprovalRequested:
    """Pause a FAILED run at its gate again, with the question whether it may go on; returns that.

    `begin_again` names steps that failed and are begun once more. Raises NoSuchRunError, NotRetryableError,
    UnjudgeablePlanError.
    """
    run = failed_run(conn, thread_id, begin_again)
    plans = let_run(conn, [run.digest])
    if not plans:
        raise NotRetryableError(thread_id, "what it was approved by is gone", "submit the input again")
    words = quoted(note) if note else "no reason given"
    why = f"its run failed, {quoted(run.error)}, and {by} asks for another attempt: {words}"
    asked = AskingAgain(conn, plans, catalogue, now).question(plans[0], [why])
    findings = (*asked.review.findings, *_failed_steps(run, begin_again))
    review = msgspec.structs.replace(asked.review, findings=findings)
    request = about_the_rest(msgspec.structs.replace(asked, review=review))
    pause_again(conn, run, request, now)
    return request


def _failed_steps(run: FailedRun, begin_again: Collection[str]) -> list[Finding]:
    again = [step for step in run.failed if step in begin_again]
    left = [step for step in run.failed if step not in begin_again]
    told = "; ".join(words_of(step, run.failed[step]) for step in again)
    return [
        *(
            [_finding(BEGUN_AGAIN, f"failed, and is begun again once this is approved: {told}", again)]
            * bool(again)
        ),
        *(
            [_finding(LEFT_FAILED, "failed, and is not begun again unless it may be repeated", left)]
            * bool(left)
        ),
    ]


def _finding(check: str, text: str, step_ids: list[str]) -> Finding:
    return Finding(check=check, text=shown(text), step_ids=tuple(step_ids))
