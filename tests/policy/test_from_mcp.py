"""A first catalogue from MCP tools: every doubt ends at the stricter tier and waits for a human."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_events.words import Tier, Timing
from gate_policy.actions import Action
from gate_policy.catalogue import load_catalogue
from gate_policy.check import check_catalogue
from gate_policy.errors import McpToolsError
from gate_policy.from_mcp import catalogue_from_mcp
from gate_policy.judge import judge
from tests.policy.plans import NOW, plan, step

T1, T2, T3 = Tier.REVERSIBLE, Tier.PARTIALLY_REVERSIBLE, Tier.IRREVERSIBLE


def made(annotations: Any = None, **more: Any) -> Action:
    tool = {"name": "tool", **({} if annotations is None else {"annotations": annotations}), **more}
    return load_catalogue(catalogue_from_mcp({"tools": [tool]})).actions["tool"]


@pytest.mark.parametrize(
    ("annotations", "tier", "doubt"),
    [
        (None, T3, "the server gives no destructiveHint: it is taken as destructive"),
        ({}, T3, "the server gives no destructiveHint: it is taken as destructive"),
        ({"destructiveHint": True}, T3, None),
        ({"readOnlyHint": True}, T1, "the server says read-only: confirm that it changes nothing"),
        ({"readOnlyHint": True, "destructiveHint": False}, T1, "the server says read-only: confirm"),
        ({"readOnlyHint": True, "destructiveHint": True}, T3, "both read-only and destructive: which is it?"),
        ({"destructiveHint": False}, T3, "not destructive, but it reaches the outside world"),
        ({"destructiveHint": False, "openWorldHint": True}, T3, "not destructive, but it reaches"),
        ({"destructiveHint": False, "openWorldHint": False}, T2, "not destructive and closed-world: confirm"),
        ({"readOnlyHint": "yes", "destructiveHint": True}, T3, "readOnlyHint is no boolean"),
        ({"destructiveHint": 0, "openWorldHint": False}, T3, "destructiveHint is no boolean"),
        ({"destructiveHint": True, "idempotentHint": True}, T3, "the server says idempotent: set idempotent"),
        ("nonsense", T3, "the server gives no destructiveHint"),
    ],
)
def test_hints_become_tiers_and_doubts(annotations: Any, tier: Tier, doubt: str | None) -> None:
    action = made(annotations)
    assert action.tier is tier
    assert (doubt is None) == (action.settle is None)
    assert doubt is None or doubt in (action.settle or "")
    assert not action.idempotent  # a claim of the server must not lead to a blind repeat


def test_a_doubt_is_marked_for_a_human_and_holds_the_plan() -> None:
    text = catalogue_from_mcp([{"name": "look", "annotations": {"readOnlyHint": True}}])
    assert "  # settle: the server says read-only: confirm that it changes nothing\n  look:\n" in text
    problem, _ = check_catalogue(text, "mcp.yaml")
    assert str(problem).startswith(
        "mcp.yaml:9: actions.look.settle: an open doubt: the server says read-only"
    )
    assert problem.severity == "warning"
    assert judge(plan(step("s", "look")), load_catalogue(text), now=NOW).timing is Timing.BEFORE


def test_arguments_come_from_the_schema_and_secrets_are_guessed() -> None:
    schema = {"type": "object", "properties": {"path": {}, "api_key": {}, "Password": {}, "bad\nname": {}}}
    action = made(inputSchema=schema)
    assert action.arguments == ("path", "api_key", "Password")
    assert action.secret == {"api_key", "Password"}


@pytest.mark.parametrize(
    "wrap", [lambda t: t, lambda t: {"tools": t}, lambda t: {"jsonrpc": "2.0", "result": {"tools": t}}]
)
def test_every_shape_of_a_tools_list_is_taken(wrap: Any) -> None:
    assert set(load_catalogue(catalogue_from_mcp(wrap([{"name": "a"}, {"name": "b"}]))).actions) == {"a", "b"}


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        (None, r"^tools: is no list; give"),
        ({"tools": "x"}, r"^tools: is no list"),
        ([], r"^tools: is empty"),
        ([1], r"^tools\[0\]\.name: None is no name; give every tool"),
        ([{"name": ""}], r"^tools\[0\]\.name: '' is no name"),
        ([{"name": "a\nb"}], r"^tools\[0\]\.name: 'a\\nb' is no name"),
        ([{"name": "a"}, {"name": "a"}], r"^tools\[1\]\.name: 'a' stands twice"),
    ],
)
def test_what_is_no_tools_list_is_refused(tools: Any, said: str) -> None:
    with pytest.raises(McpToolsError, match=said):
        catalogue_from_mcp(tools)


@pytest.mark.parametrize("name", ["?0", "? a", "-x", "a: b", "&a", "no", "1", "é"])
def test_an_argument_of_any_name_is_read_back_as_it_was(name: str) -> None:
    tool = {"name": "a", "inputSchema": {"properties": {name: None}}}
    assert load_catalogue(catalogue_from_mcp([tool])).actions["a"].arguments == (name,)


NAMES = st.text(min_size=1, max_size=30).filter(str.isprintable)
HINTS = st.dictionaries(
    st.sampled_from(["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint", "title"]),
    st.booleans() | st.none() | st.text(),
)


@given(NAMES, HINTS, st.dictionaries(st.text(max_size=8), st.none(), max_size=4), st.text())
def test_any_tool_makes_a_catalogue_that_loads_and_runs_nothing_unseen(
    name: str, hints: dict[str, Any], properties: dict[str, None], description: str
) -> None:
    tool = {
        "name": name,
        "annotations": hints,
        "description": description,
        "inputSchema": {"properties": properties},
    }
    catalogue = load_catalogue(catalogue_from_mcp([tool]))
    assert list(catalogue.actions) == [name]
    assert judge(plan(step("s", name)), catalogue, now=NOW).timing is Timing.BEFORE
