"""What a run was configured with is the same behind its gate, or the submission is refused."""

from types import SimpleNamespace
from typing import Any

import pytest
from langgraph.checkpoint.base import get_checkpoint_metadata

from gate_store.configured import CONFIGURED, GRAPH, configured
from producers.errors import SubmitError
from producers.run_config import run_config


def behind_the_gate(config: dict[str, Any]) -> dict[str, Any]:
    """What a resumer finds in the metadata of the checkpoint that such a config led to."""
    settled: Any = run_config(config, "t", "billing")
    found = configured(dict(get_checkpoint_metadata(settled, {"source": "loop", "step": 1})))
    found.pop(CONFIGURED)
    return found


def test_plain_values_are_there_after_the_pause() -> None:
    mine = {"user_id": "customer-42", "limit": 5, "rate": 0.5, "strict": True}
    assert behind_the_gate({"configurable": mine}) == mine


def test_metadata_of_the_caller_is_not_taken_for_configuration() -> None:
    told = {
        "configurable": {"user_id": "customer-42"},
        "metadata": {"team": "billing", "user_id": "customer-42"},
    }
    assert behind_the_gate(told) == {"user_id": "customer-42"}


def test_a_run_from_before_names_were_kept_has_what_its_metadata_holds() -> None:
    kept = {"source": "loop", "step": 3, "thread_id": "t", "tenant": "acme", GRAPH: "billing", "parents": {}}
    assert configured(kept) == {"tenant": "acme"}


@pytest.mark.parametrize("told", ["no json", "7", '{"a": 1}', '[1, null, ["a"]]', None, 7])
def test_names_that_nobody_can_read_are_none(told: object) -> None:
    assert "a" not in configured({CONFIGURED: told, "a": 1})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            {"configurable": {"user_id": "a"}, "metadata": {"user_id": "b"}},
            "'user_id' is 'b' in the config's metadata",
        ),
        ({"configurable": {"filters": {"a": 1}}}, "'filters' is of type dict"),
        ({"configurable": {"client": SimpleNamespace()}}, "'client' is of type SimpleNamespace"),
        ({"configurable": {"nobody": None}}, "'nobody' is of type NoneType"),
        ({"configurable": {"source": "crm"}}, "'source' is a name of LangGraph's"),
        ({"configurable": {"langgraph_node": "x"}}, "'langgraph_node' is a name of LangGraph's"),
        (
            {"configurable": {"plangate_graph": "x"}},
            "'plangate_graph' is a name of LangGraph's or Plangate's",
        ),
        ({"configurable": {"__mine": "x"}}, "'__mine' is a name of LangGraph's"),
        ({"configurable": {"rate": float("nan")}}, "'rate' is nan"),
        ({"configurable": {"name": "a\0b"}}, r"'name' has U\+0000"),
    ],
)
def test_what_the_pause_would_lose_or_change_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(SubmitError, match=words) as refused:
        run_config(config, "t", "billing")
    assert "put it into the graph's input" in str(refused.value)


def test_langgraph_s_own_empty_namespace_is_taken() -> None:
    assert behind_the_gate({"configurable": {"checkpoint_ns": "", "a": 1}}) == {"a": 1}
