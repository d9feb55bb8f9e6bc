"""How checkpoints become bytes: msgpack with an allow-list, so that a crafted blob runs no code."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import ormsgpack
from langgraph.checkpoint.serde._msgpack import SAFE_MSGPACK_TYPES
from langgraph.checkpoint.serde.jsonplus import EXT_DELTA_SNAPSHOT, EXT_NUMPY_ARRAY, JsonPlusSerializer

from gate_store.savers.allowed_classes import KEY

_TAKEN = frozenset({"null", "bytes", "bytearray", "msgpack"})
_OF_NO_CLASS = frozenset({EXT_NUMPY_ARRAY, EXT_DELTA_SNAPSHOT})


class RefusedBlobError(Exception):
    """A checkpoint holds a value of type {kind}, which could run code when read; it is not read."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"a checkpoint holds a value of type {kind!r}, which could run code when read; it is not read. "
            "Write it again with a saver of LangGraph 1.0 or later and its default serializer"
        )
        self.kind = kind


class NotRestoredError(Exception):
    """The state holds a {module}.{name}, which would come back as a plain value; {mend}."""

    def __init__(self, module: str, name: str, mend: str) -> None:
        super().__init__(
            f"the state holds a {module}.{name}, which would come back from its checkpoint as a plain value; "
            f"{mend}, or keep dicts in the state"
        )
        self.module = module
        self.name = name
        self.mend = mend


class StrictSerializer(JsonPlusSerializer):
    """msgpack only: no pickle, no revived JSON constructors, no class outside the allow-list.

    What was stored comes back as it was, or not at all: LangGraph would put a dict or a text in its place.
    """

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value. Raises RefusedBlobError for any other encoding; NotRestoredError naming the class."""
        encoding, blob = data
        if encoding not in _TAKEN:
            raise RefusedBlobError(encoding)
        stored = _classes(blob) if encoding == "msgpack" else None
        if not stored:
            return super().loads_typed(data)
        self._refuse_unnamed(stored)
        value = super().loads_typed(data)
        for module, name in stored - _classes(self.dumps_typed(value)[1]):
            mend = "define it at the top of its module, so that its fields make it again"
            raise NotRestoredError(module, name, mend)
        return value

    def _refuse_unnamed(self, stored: Iterable[tuple[str, str]]) -> None:
        named = self._allowed_msgpack_modules
        for module, name in stored:
            if module == "__main__":
                mend = "define it in a module of its own, which workers can import"
                raise NotRestoredError(module, name, mend)
            if not isinstance(named, set) or (module, name) not in named:
                raise NotRestoredError(module, name, f'add ["{module}", "{name}"] to {KEY} in langgraph.json')


def strict_serde(allowed: Iterable[tuple[str, ...]] = ()) -> StrictSerializer:
    """A serializer that revives LangGraph's and LangChain's own safe types and the `(module, class)` named.

    That is a graph's own state classes (`gate_store.state_types`) and what langgraph.json names
    (`gate_store.savers.allowed_classes`).
    """
    return StrictSerializer(pickle_fallback=False, allowed_msgpack_modules=tuple(allowed))


def _classes(blob: bytes) -> Counter[tuple[str, str]]:
    """(module, class) of all objects in it but LangGraph's safe types; makes none of them."""
    found: Counter[tuple[str, str]] = Counter()

    def note(code: int, content: bytes) -> None:
        inner = ormsgpack.unpackb(content, ext_hook=note, option=ormsgpack.OPT_NON_STR_KEYS)
        if code not in _OF_NO_CLASS and (inner[0], inner[1]) not in SAFE_MSGPACK_TYPES:
            found[inner[0], inner[1]] += 1

    ormsgpack.unpackb(blob, ext_hook=note, option=ormsgpack.OPT_NON_STR_KEYS)
    return found
