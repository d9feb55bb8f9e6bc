"""A Faust app as a stateless at-least-once consumer: no tables, no transactions, no web server."""

from collections.abc import Callable, Sequence
from typing import Any

import faust

from gate_events.groups import GROUPS
from stream_apps.config import AppsConfig
from stream_apps.eager_consumer import EagerTransport
from stream_apps.kafka_options import faust_settings, fetch_wait_ms
from stream_apps.unpacking import bound

_YEAR_S = 31_536_000.0


class RawSchema(faust.Schema[bytes, bytes]):
    """Keys and values as they stand: in Faust a record that does not decode is acked, and so lost."""

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:  # noqa: ARG002 - the signature is Faust's
        """The key's bytes."""
        return message.key

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:  # noqa: ARG002 - the same
        """The value's bytes."""
        return message.value


class StatelessApp(faust.App):
    """An app that keeps nothing on disk and hands records on at once."""

    fetch_wait_ms: int
    waiting_bytes: int = 0  # of records that were fetched and not handed out
    is_full: Callable[[], bool] = staticmethod(lambda: False)
    nothing_waits: Callable[[], bool] = staticmethod(lambda: True)

    def _new_transport(self) -> EagerTransport:
        return EagerTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Tables would live there."""


def build_app(name: str, config: AppsConfig) -> faust.App:
    """The app `plangate-<name>`, which is also its consumer group. Raises KafkaOptionError."""
    theirs = faust_settings(config.kafka)
    session = float(theirs.pop("broker_session_timeout", 30.0))
    settings = {
        "broker_session_timeout": session,
        "broker_request_timeout": max(60.0, session + 1),  # Faust wants it above the session's
        "broker_heartbeat_interval": min(3.0, session / 3),
        "broker_max_poll_interval": 300.0,
        "consumer_auto_offset_reset": "earliest",
        **theirs,
    }
    app = StatelessApp(
        f"{config.topic_prefix}{GROUPS}{name}",
        processing_guarantee="at_least_once",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        broker_commit_interval=1.0,
        # Faust's own livelock messages come late and end nothing: watchdog.py does.
        stream_processing_timeout=_YEAR_S,
        broker_commit_livelock_soft_timeout=_YEAR_S,
        stream_wait_empty=True,
        stream_publish_on_commit=False,
        # At the default of 4,096 a handler slower than the fetch makes the consumer sleep a whole second.
        stream_buffer_maxsize=50_000,
        producer_acks=-1,
        producer_linger=0,
        producer_request_timeout=30,
        consumer_group_instance_id=config.instance,
        web_enabled=False,
        **settings,
    )
    bound(config.largest_record_bytes)
    app.fetch_wait_ms = fetch_wait_ms(config.kafka)
    return app


def raw_channel(app: faust.App, topics: Sequence[str]) -> Any:
    """One channel over `topics`, subscribed when the app starts.

    Read as a channel, not as a stream: 15 to 25 % more records a second.
    """
    return app.topic(*topics, schema=RawSchema(), key_type=bytes, value_type=bytes).__aiter__()
