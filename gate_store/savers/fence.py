"""Which claim of a run a saver writes for."""

from typing import Any

from langchain_core.runnables import RunnableConfig

TOKEN_KEY = "plangate_token"  # noqa: S105 - a fencing token is no secret


class Fences:
    """thread_id -> token; shared by the copies that LangGraph makes of a saver when it compiles."""

    def __init__(self) -> None:
        self._tokens: dict[str, int] = {}

    def set(self, thread_id: str, token: int) -> None:
        """From now on writes of this thread need the token."""
        self._tokens[thread_id] = token

    def drop(self, thread_id: str) -> None:
        """Writes of this thread are no longer fenced."""
        self._tokens.pop(thread_id, None)

    def token(self, config: RunnableConfig) -> int | None:
        """The token to write under: the config's own, else what was set; None: not fenced."""
        configurable = config["configurable"]
        token: int | None = configurable.get(TOKEN_KEY)
        return self._tokens.get(str(configurable["thread_id"])) if token is None else token


def without_token(config: RunnableConfig) -> RunnableConfig:
    """The config as a stock saver knows it, so that no token gets into a checkpoint's metadata."""
    configurable: dict[str, Any] = {k: v for k, v in config["configurable"].items() if k != TOKEN_KEY}
    return {**config, "configurable": configurable}
