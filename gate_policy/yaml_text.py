"""YAML text to plain values, with the line of every field. Refuses what makes YAML a trap."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gate_policy.errors import CatalogueError, Problem

Path = tuple[str | int, ...]

LARGEST = 1_000_000  # characters
DEEPEST = 20
_DIGITS = 18
_TAG = "tag:yaml.org,2002:"
# a timestamp or a merge key is plain text to us
_TEXTS = {_TAG + "str", _TAG + "timestamp", _TAG + "merge", _TAG + "value"}


@dataclass
class Document:
    """A YAML document as plain dicts, lists and scalars; lines count from 1."""

    file: str
    text: str = ""
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of a field, or of the nearest field around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, value: Any, fault: str, mend: str) -> None:
        """Note an error at `path`; a `value` of None is not quoted."""
        self.problems.append(self.made(path, value, fault, mend))

    def made(self, path: Path, value: Any, fault: str, mend: str) -> Problem:
        """An error at `path`, without noting it."""
        quoted = None if value is None else _short(repr(value))
        return Problem(self.file, self.line(path), dotted(path), quoted, fault, mend)


def dotted(path: Path) -> str:
    """("rules", 0, "when") -> "rules[0].when"."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "catalogue"


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def parse(text: str, file: str) -> Document:
    """Text to a document. Raises CatalogueError where it is no YAML, or YAML with traps."""
    document = Document(file, text)
    if len(text) > LARGEST:
        raise CatalogueError(
            [document.made((), None, f"is {len(text)} characters long", f"keep it below {LARGEST}")]
        )
    node = _composed(text, document)
    if node is not None:
        document.value = _value(node, (), document)
    if document.problems:
        raise CatalogueError(document.problems)
    return document


def _composed(text: str, document: Document) -> Node | None:
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        fault = f"is no YAML: {error.problem}"
        raise CatalogueError(
            [Problem(document.file, line, "catalogue", None, fault, "mend the syntax at this line")]
        ) from error
    except (YAMLError, RecursionError) as error:
        fault = f"is no YAML: {type(error).__name__}"
        mend = "use plain text without control characters, nested at most 20 deep"
        raise CatalogueError([document.made((), None, fault, mend)]) from error
    return node


def _value(node: Node, path: Path, document: Document) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if node.anchor is not None:
        document.problem(path, f"&{node.anchor}", "is an anchor", "write the value out where it is used")
        return None
    if len(path) > DEEPEST:
        document.problem(path, None, f"is nested more than {DEEPEST} deep", "flatten it")
        return None
    if isinstance(node, MappingNode):
        return dict(_pairs(node, path, document))
    if isinstance(node, SequenceNode):
        return [_value(item, (*path, index), document) for index, item in enumerate(node.value)]
    return _scalar(node, path, document)


def _pairs(node: MappingNode, path: Path, document: Document) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            document.problem(path, None, "has a key that is no text", 'quote text with {{ }}: "…"')
            continue
        here = (*path, str(key.value))
        if key.value in seen:
            again = Problem(
                document.file,
                key.start_mark.line + 1,
                dotted(here),
                None,
                f"stands here again, first on line {document.line(here)}",
                "keep one",
            )
            document.problems.append(again)
            continue
        seen.add(key.value)
        document.lines[here] = key.start_mark.line + 1
        yield str(key.value), _value(value, here, document)


def _scalar(node: Node, path: Path, document: Document) -> Any:
    tag, text = str(node.tag), str(node.value)
    if tag in _TEXTS:
        return text
    if tag == _TAG + "null":
        return None
    if tag == _TAG + "bool":
        return text.lower() == "true"
    if tag == _TAG + "int" and text.lstrip("+-").isdecimal() and len(text) <= _DIGITS:
        return int(text)
    if tag == _TAG + "float":
        return _number(text)
    document.problem(
        path, text, f"has the tag or form {tag}", "write plain text, a whole number or a boolean"
    )
    return None


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
