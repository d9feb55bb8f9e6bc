"""Every expected failure is one clear line with its mend, on stderr, and exit code 1."""

from confluent_kafka import KafkaException
from sqlalchemy.exc import OperationalError, ProgrammingError

from gate_events.errors import UndecodableError, UnencodableError
from gate_policy.errors import CatalogueError, McpToolsError, NotUndoableError, UnjudgeablePlanError
from gate_store.engine.port import NotClearedError
from gate_store.lookup import NoSuchGateError
from gate_store.runs import RunBusyError
from plangate.demo.planner import PlannerError
from plangate.dev.errors import DevServiceError
from plangate.kafka.topics import KafkaUnreachableError
from plangate.settings import SettingsError
from plangate.wiring import NotReadyError
from producers.delivery import NotDeliveredError
from producers.errors import SubmitError
from stream_apps.resumer.errors import GraphsError


class CommandError(Exception):
    """A command cannot do what it was asked: {problem}; {mend}."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(f"{problem}; {mend}")


SPEAK_FOR_THEMSELVES = (
    CommandError,
    SettingsError,
    CatalogueError,
    UnjudgeablePlanError,
    UndecodableError,
    UnencodableError,
    NotClearedError,
    NoSuchGateError,
    NotReadyError,
    NotUndoableError,
    McpToolsError,
    NotDeliveredError,
    SubmitError,
    RunBusyError,
    PlannerError,
    DevServiceError,
    KafkaUnreachableError,
    GraphsError,
)


def line_for(error: BaseException) -> str | None:
    """The line that a user gets for an expected failure; None for a fault of ours."""
    if isinstance(error, SPEAK_FOR_THEMSELVES):
        return str(error)
    if isinstance(error, OperationalError | ProgrammingError):
        return _store_line(error)
    if isinstance(error, KafkaException):
        return f"Kafka: {error.args[0].str()}; `plangate doctor` looks for the cause"
    if isinstance(error, FileNotFoundError):
        return f"{error.filename}: no such file; name one that exists"
    return None


def _store_line(error: OperationalError | ProgrammingError) -> str:
    first = str(error.orig).strip().splitlines()[0]
    if "no such table" in first or ("does not exist" in first and "relation" in first):
        return "the store has no tables yet; run `plangate store upgrade`"
    return f"the store does not answer: {first}; start it, or set PLANGATE_STORE_URL"
