"""Settings: environment variables `PLANGATE_*` over one TOML file over the defaults here.

Kafka's own options pass through under librdkafka's names: `[kafka]` in the file, or the environment with
dots as underscores: PLANGATE_KAFKA_SASL_PASSWORD is `sasl.password`. The registry's likewise.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gate_store import store_url as urls
from gate_store.postgres.errors import StoreUrlError
from gate_store.secret_files import FILE, SecretFileError, from_environment
from gate_store.stop_file import DEFAULT
from plangate.listening import Address, address_of

ENV = "PLANGATE_"
PASS_THROUGH = ("kafka", "schema_registry")
DEMO = (f"{ENV}DEMO_MODEL", f"{ENV}DEMO_SMTP_PORT")  # the demo's own, no settings
STORE_URL = f"{ENV}STORE_URL"
# Of librdkafka, which reads these files itself.
OPTIONS_OF_FILES = {
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "sasl.oauthbearer.assertion.private.key.file",
}
SECRET = {"store_url", *PASS_THROUGH}  # their values stand in no message
LogFormat = Literal["text", "json"]
LogLevel = Literal["INFO", "WARNING", "ERROR"]


class SettingsError(ValueError):
    """{where}: {problem}."""


class PassThroughSource(PydanticBaseSettingsSource):
    """PLANGATE_KAFKA_BOOTSTRAP_SERVERS -> kafka["bootstrap.servers"], for every option of the clients.

    What may be a secret may stand in a file: PLANGATE_KAFKA_SASL_PASSWORD_FILE, PLANGATE_STORE_URL_FILE.
    Raises SecretFileError.
    """

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - the base class's signature
        """The options that the environment gives for one of the pass-through fields."""
        prefix = f"{ENV}{field_name.upper()}_"
        names = {_without_file(name, prefix) for name in os.environ if name.startswith(prefix)}
        given = {_option(name, prefix): from_environment(name) for name in sorted(names)}
        return given, field_name, False

    def __call__(self) -> dict[str, Any]:
        """What the environment gives, by field."""
        found = {name: self.get_field_value(None, name)[0] for name in PASS_THROUGH}
        url = from_environment(STORE_URL)
        return {
            **{name: options for name, options in found.items() if options},
            **({} if url is None else {"store_url": url}),
        }


def _option(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower().replace("_", ".")


def _without_file(name: str, prefix: str) -> str:
    """The variable that another one gives by file; itself, where librdkafka reads the file."""
    return name if _option(name, prefix) in OPTIONS_OF_FILES else name.removesuffix(FILE)


class Settings(BaseSettings):
    """Everything an operator can set. Client options may hold secrets: they never show in a repr."""

    model_config = SettingsConfigDict(env_prefix=ENV, extra="forbid", frozen=True, env_nested_delimiter=None)

    store_url: str = Field(
        "sqlite:///plangate.db",
        repr=False,
        description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DB",
    )
    kafka: dict[str, str] = Field(
        default_factory=dict, repr=False, description="options of librdkafka; bootstrap.servers above all"
    )
    schema_registry: dict[str, str] = Field(
        default_factory=dict, repr=False, description="options of the registry's client; without url: none"
    )
    topic_prefix: str = Field("", description="stands before every topic's name and consumer group")
    partitions: int = Field(6, ge=1, description="of each topic that `topics create` makes")
    replication_factor: int = Field(
        0, ge=0, description="of these topics; 0: 3, or as many as there are brokers"
    )
    catalogue: Path = Field(Path("catalogue.yaml"), description="the catalogue of action types")
    graphs: Path = Field(Path("langgraph.json"), description="the LangGraph graphs, by name")
    unguarded: Literal["allow", "forbid"] = Field(
        "allow", description="graphs for which langgraph.json names no effects: they may act past the ledger"
    )
    reviewer: str = Field(
        "", description="who decides and looks on the command line; empty: the login name decides"
    )
    agent: str = Field("agent", description="the agent's name where a plan gives none")
    in_flight: int = Field(32, ge=1, description="runs that one resumer has in hand at once")
    lease_s: float = Field(30.0, gt=0, description="seconds until a silent resumer's runs go to another")
    attempts: int = Field(3, ge=1, description="tries of a run that raises, before it is FAILED")
    stale_after_s: float = Field(
        300.0,
        ge=0,
        description="seconds that a run waits for a worker that has its graph as it paused, then STALE",
    )
    probe_again_s: float = Field(60.0, gt=0, description="seconds until a step in doubt is probed again")
    run_timeout_s: float = Field(600.0, gt=0, description="seconds that one resume may take")
    resumer_memory_mb: int = Field(0, ge=0, description="RAM at which a resumer ends itself; 0: no limit")
    patience_s: float = Field(86_400.0, gt=0, description="seconds that a decision waits for its request")
    republish_after_s: float = Field(
        300.0, gt=0, description="seconds until a run's plan that nobody took is published again"
    )
    run_events_kept_s: float = Field(
        604_800.0, gt=0, description="seconds that what nodes say is kept for `plangate follow`"
    )
    dating_tolerance_s: float = Field(
        300.0, ge=0, description="seconds by which a decision's own date may differ from the broker's"
    )
    stuck_after_s: float = Field(120.0, gt=0, description="seconds without progress until a worker restarts")
    largest_record_bytes: int = Field(
        4_194_304, ge=1_024, description="bytes of a record, unpacked; a larger one is a dead letter, unread"
    )
    stop_file: Path = Field(
        DEFAULT, description="while it is there, workers of this host begin nothing: `plangate stop`"
    )
    spool: Path = Field(Path("plangate-spool"), description="where a dead letter goes that no broker takes")
    log_format: LogFormat = Field("text", description="of a worker's log: text, or json for an object a line")
    log_level: LogLevel = Field("INFO", description="from which on a worker logs: INFO, WARNING or ERROR")

    metrics_listen: str = Field(
        "", description="HOST:PORT of a worker's /metrics and health, PORT alone: on 127.0.0.1; empty: none"
    )

    @field_validator("metrics_listen")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        if text:
            address_of(text)
        return text

    @field_validator("store_url")
    @classmethod
    def _is_a_store(cls, url: str) -> str:
        try:
            urls.check_url(url)
        except StoreUrlError as error:
            raise ValueError(error.problem) from None
        return url

    @field_validator(*PASS_THROUGH, mode="before")
    @classmethod
    def _in_dotted_names(cls, options: Any) -> Any:
        """TOML reads `sasl.password = "x"` as nested tables; to clients, numbers and booleans are text."""
        return dict(_dotted(options)) if isinstance(options, Mapping) else options

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over file."""
        file = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return init_settings, PassThroughSource(settings_cls), env_settings, file

    @property
    def metrics_address(self) -> Address | None:
        """Where a worker listens for those who watch it; None: nowhere."""
        return address_of(self.metrics_listen) if self.metrics_listen else None

    @property
    def store_shown(self) -> str:
        """The store's URL without its secrets."""
        return urls.shown(self.store_url)

    @property
    def bootstrap_servers(self) -> str:
        """Where Kafka is."""
        return self.kafka.get("bootstrap.servers", "127.0.0.1:9092")

    @property
    def kafka_options(self) -> dict[str, str]:
        """All client options, `bootstrap.servers` among them."""
        return {**self.kafka, "bootstrap.servers": self.bootstrap_servers}

    def topic(self, name: str) -> str:
        """A topic's full name."""
        return self.topic_prefix + name


def _dotted(options: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", str(value).lower() if isinstance(value, bool) else str(value)


def config_file() -> Path:
    """`plangate.toml` in this folder, or what PLANGATE_CONFIG names. Raises SettingsError."""
    named = os.environ.get(f"{ENV}CONFIG")
    if named and not Path(named).is_file():
        raise SettingsError(f"{ENV}CONFIG: {named} is no file; name one, or unset it")
    return Path(named or "plangate.toml")


@cache
def host_name() -> str:
    """This machine, as workers name themselves."""
    return socket.gethostname()


def load_settings(**given: Any) -> Settings:
    """The settings in force. Raises SettingsError: one line naming the setting, its value and the mend."""
    _refuse_unknown_variables()
    try:
        return Settings(**given)
    except SecretFileError as error:
        raise SettingsError(str(error)) from None
    except ValidationError as error:
        raise SettingsError("; ".join(_line(dict(each)) for each in error.errors())) from None
    except ValueError as error:  # its words are of the file's grammar, never of its values
        raise SettingsError(f"{config_file()}: no TOML ({error}); mend that line") from error
    except OSError as error:
        raise SettingsError(f"{config_file()}: {error.strerror}; name a file that can be read") from error


def _line(error: Mapping[str, Any]) -> str:
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return f"{config_file()}: {name}: no such setting{_meant(name, list(Settings.model_fields))}"
    value = "" if name in SECRET else f" {error['input']!r}:"
    problem = str(error["msg"]).removeprefix("Value error, ")
    return f"{name}:{value} {problem}; set {ENV}{name.upper()}, or {name} in {config_file()}"


def _meant(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; the settings are {', '.join(sorted(known))}"


def _refuse_unknown_variables() -> None:
    """A misspelt PLANGATE_ variable must not be ignored in silence."""
    fields = set(Settings.model_fields) - set(PASS_THROUGH)
    known = {f"{ENV}{name.upper()}" for name in fields} | {f"{ENV}CONFIG", f"{STORE_URL}{FILE}", *DEMO}
    prefixes = tuple(f"{ENV}{name.upper()}_" for name in PASS_THROUGH)
    for name in os.environ:
        if name.startswith(ENV) and name not in known and not name.startswith(prefixes):
            every = [*(known - set(DEMO)), *(f"{prefix}…" for prefix in prefixes)]
            raise SettingsError(f"{name}: no such setting{_meant(name, every)}")
