"""A project to begin with: the example of docs/quickstart.md, with its graph named after the folder."""

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from plangate.examples import example

WHAT = {  # in the order in which they are read
    "README.md": "the next commands",
    "catalogue.yaml": "what each action means, and so whether a human is asked",
    "graph.py": "the agent: it plans, asks at its gate, and acts",
    "policy.py": "the shop's own rules",
    "schemas.py": "what the agent keeps in its state",
    "langgraph.json": "the graph's name, as LangGraph's own tools read it",
    "test_graph.py": "a test of the graph; it needs no Kafka",
}
_EXAMPLE = "refunds"
_NAMES_THE_GRAPH = ("langgraph.json", "README.md")
_LONGEST = 40


def graph_name(folder: Path) -> str:
    """The folder's name in lower-case letters a to z, digits and dashes; empty where it has none of them."""
    plain = unicodedata.normalize("NFKD", folder.resolve().name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].rstrip("-")


def files(graph: str) -> Mapping[str, str]:
    """The project's files by name, for a graph of that name."""
    return {name: _text(name, graph) for name in WHAT}


def make(folder: Path, graph: str) -> None:
    """Write them. Raises FileExistsError for a file that is there, before anything is written; OSError."""
    for name in WHAT:
        if os.path.lexists(folder / name):
            raise FileExistsError(0, "", str(folder / name))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files(graph).items():
        with (folder / name).open("x", encoding="utf-8") as file:
            file.write(text)


def _text(name: str, graph: str) -> str:
    text = example(f"{_EXAMPLE}/{name}").read_text(encoding="utf-8")
    if name in _NAMES_THE_GRAPH:
        return re.sub(rf"\b{_EXAMPLE}\b(?!\.)", graph, text)  # refunds.txt is no graph
    return text
