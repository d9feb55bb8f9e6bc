"""The graphs that langgraph.json names, each compiled once."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from langgraph.graph.state import StateGraph
from langgraph.pregel import Pregel

from gate_events.values import Step
from gate_store.declared_effects import declared
from stream_apps.resumer.errors import GraphsError
from stream_apps.resumer.graphs_file import read_graphs_file
from stream_apps.resumer.user_code import load

GATED_KEYS = {"plan_from_state", "apply_edit", "probes", "effects", "undo"}


@dataclass(frozen=True)
class Loaded:
    """A compiled graph and what the `plangate` section of langgraph.json says about it.

    `plan_from_state(values)` and `apply_edit(values, answer)` serve graphs with `interrupt_before`;
    `probes[action_type](step)` returns whether the step's effect happened: True, False, or None;
    `effects[action_type](step)` is what `effects().do(step)` calls.
    `undo[action_type](step)` executes steps of undo plans, beside those of `effects`.
    `is_guarded`: `effects` is named there, be it empty: all that the graph does goes through the ledger.
    """

    name: str
    graph: Any
    plan_from_state: Callable[[Any], Any] | None = None
    apply_edit: Callable[[Any, Any], Any] | None = None
    probes: Mapping[str, Callable[[Step], Any]] = field(default_factory=dict)
    effects: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    undo: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    is_guarded: bool = False

    @property
    def undo_functions(self) -> Mapping[str, Callable[[Any], Any]]:
        """What executes the steps of an undo plan, by action type."""
        return {**self.effects, **self.undo}

    def with_saver(self, saver: Any) -> "Loaded":
        """The same graph on another checkpointer."""
        return replace(self, graph=self.graph.copy({"checkpointer": saver}))


async def load_graphs(file: Path) -> dict[str, Loaded]:
    """All graphs of a langgraph.json by name. Raises GraphsError naming the graph, the file and the mend."""
    sections = read_graphs_file(file)
    gated = sections.get("plangate", {})
    if unknown := set(gated) - set(sections["graphs"]):
        raise GraphsError(
            min(unknown), file.name, "stands under plangate, not under graphs", "name it in both"
        )
    project = file.parent
    return {
        name: await _loaded(name, spec, gated.get(name, {}), project)
        for name, spec in sections["graphs"].items()
    }


def refuse_unguarded(graphs: Iterable[Loaded]) -> None:
    """Raise GraphsError for a graph of which nobody says that all it does goes through the ledger."""
    for graph in graphs:
        if not graph.is_guarded:
            problem = "names no effects, so it may act unguarded, which is forbidden here"
            mend = (
                f'write {{"plangate": {{"{graph.name}": {{"effects": {{}}}}}}}} where all that it does goes'
                " through effects(), or set PLANGATE_UNGUARDED=allow"
            )
            raise GraphsError(graph.name, "langgraph.json", problem, mend)


async def _loaded(name: str, spec: Any, gated: Any, project: Path) -> Loaded:
    path = spec.get("path") if isinstance(spec, dict) else spec
    if not isinstance(path, str):
        raise GraphsError(name, str(spec), "is no path", 'write "./graph.py:graph"')
    if not isinstance(gated, dict) or (set(gated) - GATED_KEYS):
        raise GraphsError(
            name, "langgraph.json", f"plangate.{name} is {gated!r}", f"keys are {sorted(GATED_KEYS)}"
        )
    graph = _compiled(name, path, await _made(name, path, load(name, path, project)))

    def function(key: str) -> Any:
        return _function(name, gated[key], project) if gated.get(key) else None

    probes, effects, undo = (_by_action(name, key, gated, project) for key in ("probes", "effects", "undo"))
    for key, functions in (("effects", effects), ("undo", undo)):
        _check_marks(name, gated[key] if functions else {}, functions)
    return Loaded(
        name,
        graph,
        function("plan_from_state"),
        function("apply_edit"),
        probes,
        effects,
        undo,
        is_guarded="effects" in gated,
    )


def _by_action(name: str, key: str, gated: Any, project: Path) -> dict[str, Any]:
    named = gated.get(key, {})
    if not isinstance(named, dict):
        mend = f'write {{"{key}": {{"send_email": "./graph.py:function"}}}}'
        raise GraphsError(name, "langgraph.json", f"plangate.{name}.{key} is {named!r}", mend)
    return {action: _function(name, spec, project) for action, spec in named.items()}


def _check_marks(name: str, specs: Mapping[str, Any], functions: Mapping[str, Any]) -> None:
    """To be named is to be declared, but not against the function's own mark."""
    for action, function in functions.items():
        marked = declared(function).actions
        if marked and action not in marked:
            problem = f"is named for {action}, but was declared for {', '.join(sorted(marked))} only"
            mend = f'name another function, or add "{action}" to its @effect'
            raise GraphsError(name, str(specs[action]), problem, mend)


async def _made(name: str, path: str, found: Any) -> Any:
    """What a factory makes; a graph or a builder as it is."""
    if isinstance(found, Pregel | StateGraph) or not callable(found):
        return found
    try:
        needs_config = bool(inspect.signature(found).parameters)
        made = found({"configurable": {}}) if needs_config else found()
        return await made if inspect.isawaitable(made) else made
    except Exception as error:  # a user's function may raise anything
        problem = f"raised {type(error).__name__}: {error}"
        raise GraphsError(name, path, problem, "the function must return a graph") from error


def _compiled(name: str, path: str, made: Any) -> Any:
    try:
        if isinstance(made, StateGraph):
            return made.compile()
        if isinstance(made, Pregel):
            return made
    except Exception as error:  # LangGraph refuses a malformed graph with many kinds of error
        problem = f"does not compile: {error}"
        raise GraphsError(name, path, problem, "mend the graph") from error
    mend = "name a compiled graph, a StateGraph, or a function that returns one"
    raise GraphsError(name, path, f"is a {type(made).__name__}, no graph", mend)


def _function(name: str, spec: Any, project: Path) -> Any:
    found = load(name, str(spec), project)
    if not callable(found):
        raise GraphsError(name, str(spec), "is not callable", "name a function")
    return found
