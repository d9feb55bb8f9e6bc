"""Every expected failure is one clear line with its mend, on stderr, and exit code 1.

Failures are known by their names here, so that a command loads only the parts that it uses.
"""

import errno
from typing import Any

from gate_events.shown import shown

SPEAK_FOR_THEMSELVES = frozenset(
    {
        "gate_events.errors.RegistryUnavailableError",
        "gate_events.errors.UndecodableError",
        "gate_events.errors.UnencodableError",
        "gate_policy.errors.CatalogueError",
        "gate_policy.errors.McpToolsError",
        "gate_policy.errors.NotUndoableError",
        "gate_policy.errors.UnjudgeablePlanError",
        "gate_store.engine.port.FenceLostError",
        "gate_store.engine.port.NotClearedError",
        "gate_store.lookup.NoSuchGateError",
        "gate_store.postgres.errors.StoreUrlError",
        "gate_store.postgres.errors.UnfitStoreError",
        "gate_store.secret_files.SecretFileError",
        "gate_store.retrying.NotRetryableError",
        "gate_store.run_ends.NoSuchRunError",
        "gate_store.stop_file.UnreadableStopFileError",
        "gate_store.runs.ForeignThreadError",
        "gate_store.runs.RunBusyError",
        "gate_store.savers.allowed_classes.AllowedClassesError",
        "plangate.cli.failures.CommandError",
        "plangate.demo.planner.PlannerError",
        "plangate.demo.waiting.DemoError",
        "plangate.dev.errors.DevServiceError",
        "plangate.kafka.acls.AclRefusedError",
        "plangate.kafka.clients.KafkaRefusesError",
        "plangate.kafka.groups.GroupInUseError",
        "plangate.kafka.clients.KafkaUnreachableError",
        "plangate.kafka.originals.NotReplayableError",
        "plangate.kafka.registry.ContractRefusedError",
        "plangate.kafka.strimzi.NoKafkaUserError",
        "plangate.kafka.topics.NoTopicError",
        "plangate.kafka.topics.TopicRefusedError",
        "plangate.settings.SettingsError",
        "plangate.torture.stack.StoreInUseError",
        "plangate.wiring.NoCatalogueError",
        "plangate.worker.slots.SlotsError",
        "plangate.worker.readiness.NotReadyError",
        "producers.delivery.NotDeliveredError",
        "producers.errors.SubmitError",
        "stream_apps.errors.KafkaOptionError",
        "stream_apps.resumer.errors.GraphsError",
    }
)
# They quote lines of a log or a file, each below the one that says what is wrong.
OF_SEVERAL_LINES = frozenset(
    {
        "gate_policy.errors.CatalogueError",
        "plangate.cli.graph_errors.GraphRaisedError",
        "plangate.dev.errors.DevServiceError",
    }
)
STORE = {
    "sqlalchemy.exc.OperationalError",
    "sqlalchemy.exc.ProgrammingError",
    "sqlalchemy.exc.DatabaseError",
    "psycopg.Error",
    "gate_store.postgres.asyncpg_client.NotConnectedError",
}


_NOT_ALLOWED = "42501"  # SQLSTATE
_NOT_LET_IN = {errno.EACCES, errno.EPERM, errno.EROFS}


class CommandError(Exception):
    """A command cannot do what it was asked: {problem}; {mend}."""

    exit_code = 1

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(f"{problem}; {mend}")


class NotConfirmedError(CommandError):
    """Nobody said yes: {problem}; {mend}."""

    exit_code = 2


def line_for(error: BaseException) -> str | None:
    """The line that a user gets for an expected failure, `shown`; None for a fault of ours.

    Lines that it quotes follow it, where it is one of `OF_SEVERAL_LINES`.
    """
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    line = _line(error, kinds)
    return line if line is None or kinds & OF_SEVERAL_LINES else shown(line)


def _line(error: BaseException, kinds: set[str]) -> str | None:
    if kinds & SPEAK_FOR_THEMSELVES:
        return str(error)
    if kinds & STORE:
        return _store_line(error)
    if "cimpl.KafkaException" in kinds:
        return f"Kafka: {error.args[0].str()}; `plangate doctor` looks for the cause"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}; {_mend_of(error)}"
    return None


def _mend_of(error: OSError) -> str:
    if error.errno in _NOT_LET_IN:
        return "let this user read and write there, or name another"
    return "name one that is there" if isinstance(error, FileNotFoundError) else "name another"


def _store_line(error: Any) -> str:
    from plangate.settings import load_settings  # noqa: PLC0415 - only a failure of the store needs it
    from stream_apps.weather import of_tls  # noqa: PLC0415 - the same

    driver = getattr(error, "orig", None) or getattr(error, "reason", None) or error
    first = (str(driver).strip() or type(driver).__name__).splitlines()[0]
    if getattr(driver, "sqlstate", None) == _NOT_ALLOWED:
        return (
            f"the store does not allow this user: {first}; `plangate store roles` says what each role needs"
        )
    if "no such table" in first or ("does not exist" in first and "relation" in first):
        return "the store has no tables yet; run `plangate store upgrade`"
    if "no such column" in first or ("does not exist" in first and "column" in first):
        return "the store's tables are of another version; run `plangate store upgrade`"
    if "unable to open database file" in first:
        file = load_settings().store_url.removeprefix("sqlite:///")
        return f"the store {file} cannot be opened; make its folder, or set PLANGATE_STORE_URL"
    if words := of_tls(driver):
        return f"the store does not answer: {words} ({first})"
    return f"the store does not answer: {first}; start it, or set PLANGATE_STORE_URL"
