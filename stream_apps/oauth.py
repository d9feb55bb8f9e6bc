"""Bearer tokens for Faust from the same callback that confluent-kafka takes."""

from collections.abc import Callable, Mapping
from typing import Any

from aiokafka.abc import AbstractTokenProvider
from faust.auth import OAuthCredentials

from stream_apps.errors import KafkaOptionError
from stream_apps.plain_errors import in_thread


class _Tokens(AbstractTokenProvider):  # type: ignore[misc] # aiokafka ships no types
    """Asks `oauth_cb` for a token, off the event loop, since it may call an identity provider."""

    def __init__(self, callback: Callable[[str], tuple[Any, ...]], config: str) -> None:
        self._callback = callback
        self._config = config

    async def token(self) -> str:
        """A fresh token for one connection."""
        found = await in_thread(self._callback, self._config)
        return str(found[0])


def oauth_credentials(options: Mapping[str, Any], context: Any) -> OAuthCredentials:
    """Credentials from `oauth_cb`. Raises KafkaOptionError where librdkafka would fetch the token itself."""
    callback = options.get("oauth_cb")
    if not callable(callback):
        mend = "use SCRAM or a client certificate: settings cannot hold `oauth_cb`, the function that would"
        raise KafkaOptionError(
            "sasl.oauthbearer.method", "only librdkafka fetches tokens itself, the workers cannot", mend
        )
    return OAuthCredentials(
        oauth_cb=_Tokens(callback, str(options.get("sasl.oauthbearer.config", ""))), ssl_context=context
    )
