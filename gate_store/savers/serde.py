"""How checkpoints become bytes: msgpack with an allow-list, so that a crafted blob runs no code."""

from collections.abc import Iterable
from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

_TAKEN = frozenset({"null", "bytes", "bytearray", "msgpack"})


class RefusedBlobError(Exception):
    """A checkpoint holds a value of type {kind}, which could run code when read; it is not read."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"a checkpoint holds a value of type {kind!r}, which could run code when read; it is not read. "
            "Write it again with a saver of LangGraph 1.0 or later and its default serializer"
        )
        self.kind = kind


class StrictSerializer(JsonPlusSerializer):
    """msgpack only: no pickle, no revived JSON constructors, no class outside the allow-list."""

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value. Raises RefusedBlobError for any other encoding."""
        if data[0] not in _TAKEN:
            raise RefusedBlobError(data[0])
        return super().loads_typed(data)


def strict_serde(allowed: Iterable[tuple[str, str]] = ()) -> StrictSerializer:
    """A serializer that revives LangGraph's and LangChain's own safe types and the `(module, class)` named.

    A graph's own state classes are added by LangGraph when it compiles under LANGGRAPH_STRICT_MSGPACK=true.
    """
    return StrictSerializer(pickle_fallback=False, allowed_msgpack_modules=tuple(allowed))
