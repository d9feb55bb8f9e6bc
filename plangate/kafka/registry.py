"""Schema ids from and to a Confluent-compatible schema registry."""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError

from gate_events.contracts import contract_of, writer_of
from gate_events.errors import RegistryUnavailableError, UndecodableError

T = TypeVar("T")

_ABOUT_THE_QUESTION = (400, 404, 409, 422)  # HTTP; others are about the registry, or about us
_FORBIDDEN = 403  # of one id: its subject is not ours to read
_MOST_KEPT = 1_000  # schemas, and refusals
_REFUSED_FOR_S = 60.0

# The client's own defaults wait for ever and retry for half a minute: a worker would seem dead meanwhile.
_DEFAULTS = {"timeout": 5, "max.retries": 1, "retries.wait.ms": 100}
_NUMBERS = {"timeout", "max.retries", "retries.wait.ms", "retries.max.wait.ms", "cache.capacity"}
_KEEPS_READERS = {"BACKWARD", "BACKWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"}


class ContractRefusedError(Exception):
    """The schema registry refused {contract} on subject {subject}: {reason}."""

    def __init__(self, contract: str, subject: str, reason: str) -> None:
        super().__init__(
            f"the schema registry refused {contract} on subject {subject}: {reason}; "
            "every version there must be readable by this contract"
        )
        self.contract = contract
        self.subject = subject


class SchemaIds:
    """The ids of our contracts and the writer schemas behind others' ids, each asked for once.

    `settings` are confluent-kafka's for SchemaRegistryClient (url, basic.auth.user.info, ssl.ca.location …),
    numbers as text too.
    Safe to share between threads.
    """

    def __init__(self, settings: Mapping[str, Any], seconds: Callable[[], float] = time.monotonic) -> None:
        self._client = SchemaRegistryClient({**_DEFAULTS, **_with_numbers(settings)})
        self._where = _without_secrets(str(settings["url"]))
        self._ids: dict[str, int] = {}
        self._schemas: OrderedDict[int, Any] = OrderedDict()
        self._refused: OrderedDict[int, tuple[float, UndecodableError]] = OrderedDict()
        self._seconds = seconds
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"SchemaIds({self._where})"

    def id_for(self, record: type[Any], topic: str) -> int:
        """The schema id to write `record` on `topic` with; registers the contract the first time.

        Raises RegistryUnavailableError; ContractRefusedError where a version there would become unreadable.
        """
        subject = f"{topic}-value"
        with self._lock:
            if subject not in self._ids:
                self._ids[subject] = self._register(record, subject)
            return self._ids[subject]

    def schema_of(self, schema_id: int) -> Any:
        """The writer's schema behind an id, for `gate_events.codec.decode`.

        Raises UndecodableError for an id that the registry does not know or keeps from us, and for a schema
        that is not safe to use: it asks again a minute later. Raises RegistryUnavailableError.
        """
        with self._lock:
            if schema_id not in self._schemas:
                self._raise_if_refused(schema_id)
                try:
                    _keep(self._schemas, schema_id, self._fetch(schema_id))
                except UndecodableError as error:
                    _keep(self._refused, schema_id, (self._seconds() + _REFUSED_FOR_S, error))
                    raise
            return self._schemas[schema_id]

    def _raise_if_refused(self, schema_id: int) -> None:
        until, error = self._refused.get(schema_id, (0.0, None))
        if error is not None and self._seconds() < until:
            raise UndecodableError(error.contract, error.problem)

    def _register(self, record: type[Any], subject: str) -> int:
        contract = contract_of(record)
        schema = Schema(json.dumps(contract.source), "AVRO")
        try:
            if self._compatibility(subject) not in _KEEPS_READERS:
                self._ask(lambda: self._client.set_compatibility(subject, "BACKWARD"))
            return int(self._ask(lambda: self._client.register_schema(subject, schema)))
        except SchemaRegistryError as error:
            raise ContractRefusedError(contract.name, subject, _reason(error)) from None

    def _compatibility(self, subject: str) -> str | None:
        try:
            return str(self._ask(lambda: self._client.get_compatibility(subject)))
        except SchemaRegistryError as error:
            if error.http_status_code == 404:
                return None
            raise

    def _fetch(self, schema_id: int) -> Any:
        contract = f"schema id {schema_id}"
        if schema_id < 0:
            raise UndecodableError(contract, "ids are not negative")
        try:
            refusals = (*_ABOUT_THE_QUESTION, _FORBIDDEN)
            schema = self._ask(lambda: self._client.get_schema(schema_id), refusals)
        except SchemaRegistryError as error:
            mend = "register the writer's schema, where workers may read it"
            raise UndecodableError(contract, f"{_reason(error)}; {mend}") from None
        try:
            return writer_of(schema.schema_str or "")
        except Exception as error:  # whoever may register chose this text
            raise UndecodableError(contract, f"no schema to read with: {error}") from error

    def _ask(self, question: Callable[[], T], refusals: Sequence[int] = _ABOUT_THE_QUESTION) -> T:
        """The registry's answer. SchemaRegistryError is one too, where it is about what was asked."""
        try:
            return question()
        except SchemaRegistryError as error:
            if error.http_status_code in refusals:
                raise
            raise RegistryUnavailableError(f"{self._where} answered {error.http_status_code}") from None
        except Exception as error:  # sockets, TLS, timeouts, HTML from a proxy; their words may hold the URL
            raise RegistryUnavailableError(f"{self._where}: {type(error).__name__}") from None


def _keep(kept: OrderedDict[int, T], schema_id: int, value: T) -> None:
    kept[schema_id] = value
    if len(kept) > _MOST_KEPT:
        kept.popitem(last=False)


def _with_numbers(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings from the environment are text; the client wants numbers for those that are."""
    return {
        name: float(value) if isinstance(value, str) and name in _NUMBERS else value
        for name, value in settings.items()
    }


def _reason(error: SchemaRegistryError) -> str:
    return f"{error.error_message} (HTTP {error.http_status_code})"


def _without_secrets(urls: str) -> str:
    return ",".join(_host(url.strip()) for url in urls.split(","))


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
