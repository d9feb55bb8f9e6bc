"""docs/agents.md, run as it stands."""

import re
from pathlib import Path
from typing import Any

import pytest

import plangate
from tests.producers.stored import published
from tests.stores import migrated

DOC = Path(plangate.__file__).parents[1] / "docs" / "agents.md"


def test_the_code_in_the_document_runs(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated(sqlite_url)
    monkeypatch.setenv("PLANGATE_STORE_URL", sqlite_url)
    blocks = re.findall(r"```python\n(.*?)```", DOC.read_text(), re.DOTALL)
    assert len(blocks) >= 6
    names: dict[str, Any] = {"__name__": "agents_doc"}
    for block in blocks:
        exec(compile(block, str(DOC), "exec"), names)  # noqa: S102 - the document's own code
    (plan,) = published(sqlite_url)
    assert plan.plan_id == names["done"].plan_id
    assert [step.arguments["customer"] for step in plan.steps] == ["ann", "bob"]
