"""A process that died between a subgraph's interrupt and its parent's left no pause behind."""

from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from gate_store.pauses import AtGate, read_pause
from tests.producers import graphs

AT: Any = {"configurable": {"thread_id": "t1"}}
WHO: Any = {"who": ["ann"]}


def nested(saver: InMemorySaver) -> Any:
    builder = StateGraph(graphs.State)
    builder.add_node("child", graphs.gated())
    builder.add_edge(START, "child")
    builder.add_edge("child", END)
    return builder.compile(checkpointer=saver)


def lose_the_parents_interrupt(saver: InMemorySaver) -> None:
    for (_, namespace, _), writes in saver.writes.items():
        for place in [place for place, write in writes.items() if write[1] == "__interrupt__"]:
            if not namespace:
                del writes[place]


def test_a_pause_that_the_parent_does_not_know_is_none_and_the_next_submission_makes_it_whole() -> None:
    saver = InMemorySaver()
    graph = nested(saver)
    graph.invoke(WHO, AT)
    whole = read_pause(graph, "billing", graph.get_state(AT, subgraphs=True))
    assert isinstance(whole, AtGate)
    assert whole.run.checkpoint_ns.startswith("child:")
    lose_the_parents_interrupt(saver)
    assert not isinstance(read_pause(graph, "billing", graph.get_state(AT, subgraphs=True)), AtGate)
    graph.invoke(WHO, AT)
    assert isinstance(read_pause(graph, "billing", graph.get_state(AT, subgraphs=True)), AtGate)
