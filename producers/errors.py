"""Why a graph could not be submitted."""

from gate_store.pauses import Elsewhere, Erred, Unfinished


class SubmitError(Exception):
    """Thread {thread_id}: {problem}."""

    def __init__(self, thread_id: str, problem: str) -> None:
        super().__init__(f"thread {thread_id}: {problem}")
        self.thread_id = thread_id
        self.problem = problem


class NotAtAGateError(SubmitError):
    """Thread {thread_id}: the graph stopped where Plangate cannot ask: {why}."""

    def __init__(self, thread_id: str, where: Erred | Unfinished | Elsewhere) -> None:
        super().__init__(thread_id, f"the graph stopped where Plangate cannot ask: {_words(where)}")
        self.where = where


class GatePassedError(SubmitError):
    """Thread {thread_id}: {why}: a node called gate(), and caught its pause."""


def _words(where: Erred | Unfinished | Elsewhere) -> str:
    if isinstance(where, Elsewhere):
        return where.why
    if isinstance(where, Erred):
        return where.error
    return f"before {', '.join(where.next_nodes)}, which asks nothing; pause with gate(plan)"
