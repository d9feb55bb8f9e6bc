import pickle
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from langchain_core.messages import HumanMessage
from langgraph.types import Interrupt, Send

from gate_store.savers.serde import NotRestoredError, RefusedBlobError, strict_serde

SINGLE, POSITIONAL, KEYWORDS, METHOD, PYDANTIC_1, PYDANTIC_2 = range(6)


@dataclass
class Invoice:
    number: int


class Bomb:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path(self.path),))


@pytest.mark.parametrize(
    "value", [None, b"raw", "text", {"a": [1, 2.5, None]}, HumanMessage("hello"), Send("n", 1)]
)
def test_what_graphs_hold_comes_back(value: Any) -> None:
    serde = strict_serde()
    assert serde.loads_typed(serde.dumps_typed(value)) == value


def test_an_interrupt_comes_back() -> None:
    serde = strict_serde()
    found = serde.loads_typed(serde.dumps_typed((Interrupt(value={"plangate": {}}, id="i1"),)))
    assert found[0].id == "i1"


def test_pickle_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "ran"
    with pytest.raises(RefusedBlobError, match="pickle"):
        strict_serde().loads_typed(("pickle", pickle.dumps(Bomb(str(target)))))
    assert not target.exists()


def test_json_constructors_are_refused() -> None:
    crafted = b'{"lc": 2, "type": "constructor", "id": ["os", "system"], "args": ["true"]}'
    with pytest.raises(RefusedBlobError, match="json"):
        strict_serde().loads_typed(("json", crafted))


@pytest.mark.parametrize(
    ("code", "content"),
    [
        (SINGLE, ("os", "system", "touch {}")),
        (POSITIONAL, ("os", "system", ("touch {}",))),
        (POSITIONAL, ("pathlib", "open", ("{}", "w"))),
        (KEYWORDS, ("subprocess", "run", {"args": ["touch", "{}"]})),
        (METHOD, ("pathlib", "Path", "{}", "touch")),
        (PYDANTIC_1, ("subprocess", "Popen", {"args": ["touch", "{}"]}, "x")),
        (PYDANTIC_2, ("subprocess", "Popen", {"args": ["touch", "{}"]}, "x")),
    ],
)
def test_a_crafted_blob_runs_no_code(code: int, content: tuple[Any, ...], tmp_path: Path) -> None:
    target = tmp_path / "ran"
    blob = ormsgpack.packb(ormsgpack.Ext(code, ormsgpack.packb(aimed(content, str(target)))))
    with suppress(NotRestoredError):
        strict_serde().loads_typed(("msgpack", blob))
    assert not target.exists()


def aimed(part: Any, target: str) -> Any:
    if isinstance(part, str):
        return part.format(target)
    if isinstance(part, dict):
        return {key: aimed(value, target) for key, value in part.items()}
    return [aimed(value, target) for value in part]


def test_only_named_classes_are_revived() -> None:
    name = (Invoice.__module__, Invoice.__name__)
    blob = strict_serde().dumps_typed(Invoice(7))
    with pytest.raises(NotRestoredError, match=f"holds a {Invoice.__module__}.Invoice"):
        strict_serde().loads_typed(blob)
    assert strict_serde([name]).loads_typed(blob) == Invoice(7)
