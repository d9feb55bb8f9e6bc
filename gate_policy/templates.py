"""Sentences with gaps: Jinja templates, sandboxed, strict and compiled once."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from gate_policy.display import plain
from gate_policy.errors import TemplateFaultError

# Only filters whose result is not much larger than what goes in.
FILTERS = frozenset(
    {"abs", "capitalize", "count", "default", "d", "first", "float", "int", "join", "last", "length"}
    | {"lower", "max", "min", "reverse", "round", "sort", "string", "sum", "title", "trim", "truncate"}
    | {"unique", "upper"}
)

# what a sentence knows beside its step's arguments
GIVEN = {"args": "all the arguments", "n": "the number of steps"}


class _Environment(SandboxedEnvironment):
    """Templates see values only: no calls, no globals, no operators that multiply text."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002 - jinja's signature
        if operator == "*" and isinstance(left, int | float) and isinstance(right, int | float):
            return left * right
        raise SecurityError(f"the operator {operator} is for numbers only")

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002 - no callable is
        return False

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of a mapping, never a method of Python's dict."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)


@cache
def _environment(said: Callable[[Any], str]) -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False, finalize=said)
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.globals = {}
    return environment


_JINJA = _environment(plain)


class Template:
    """A template compiled from one line of text; `said` writes the value of a gap."""

    __slots__ = ("_compiled", "_given", "_parts", "_said", "gaps", "source", "variables", "whole")

    def __init__(self, source: str, said: Callable[[Any], str] = plain) -> None:
        self.source = source.strip()
        tree = _parsed(self.source)
        self.variables = frozenset(meta.find_undeclared_variables(tree))
        self.whole = _whole(tree) & self.variables  # names whose values stand in every text as they are
        self.gaps = _gaps(tree)
        self._given = self.variables & GIVEN.keys()
        self._said = said
        self._parts = _parts(tree)
        self._compiled = _environment(said).from_string(tree)

    def ambiguous(self, arguments: Iterable[str]) -> frozenset[str]:
        """The names that the template uses and that would mean an argument or what stands in `GIVEN`."""
        return self._given.intersection(arguments) if self._given else self._given

    def render(self, values: Mapping[str, Any]) -> str:
        """The text with its gaps filled. Raises whatever a missing or unfit value provokes."""
        if self._parts is None:
            return self._compiled.render(values)
        return "".join(text if name is None else self._said(values[name]) for text, name in self._parts)


class Expression:
    """A template that keeps the type of its value where it is a single {{ gap }}."""

    __slots__ = ("_template", "_value")

    def __init__(self, source: str) -> None:
        self._template = Template(source)
        inner = _only_gap(self._template.source)
        self._value = None if inner is None else _JINJA.compile_expression(inner, undefined_to_none=False)

    @property
    def variables(self) -> frozenset[str]:
        """The names that the template mentions."""
        return self._template.variables

    def value(self, values: Mapping[str, Any]) -> Any:
        """The value. Raises where a name is missing."""
        if self._value is None:
            return self._template.render(values)
        found = self._value(values)
        return _refuse(found) if isinstance(found, StrictUndefined) else found


def _refuse(missing: StrictUndefined) -> NoReturn:
    str(missing)  # raises jinja2's own error, which names what is missing
    raise AssertionError


def _parsed(source: str) -> nodes.Template:
    if not source:
        raise TemplateFaultError("is empty", "write a sentence or leave the field out")
    try:
        tree = _JINJA.parse(source)
        _JINJA.compile(source)
    except (TemplateError, RecursionError, OverflowError) as error:
        fault = f"is no template: {error}".rstrip(".")
        raise TemplateFaultError(fault, "write gaps as {{ argument }}") from error
    return tree


def _gaps(tree: nodes.Template) -> int:
    """How many values a text may hold, 2 standing for more than one."""
    written = [node for output in tree.find_all(nodes.Output) for node in output.nodes]
    count = sum(not isinstance(node, nodes.TemplateData) for node in written)
    return 2 if count > 1 or (count and tree.find(nodes.For)) else count


def _whole(tree: nodes.Template) -> frozenset[str]:
    """The names that stand as a bare {{ name }} outside of every block, and never get another value."""
    outputs = [output for output in tree.body if isinstance(output, nodes.Output)]
    printed = {node.name for output in outputs for node in output.nodes if isinstance(node, nodes.Name)}
    return frozenset(printed - {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"})


def _parts(tree: nodes.Template) -> tuple[tuple[str, str | None], ...] | None:
    """(text, None) and ("", name) where the template has nothing but text and names: the fast path."""
    parts: list[tuple[str, str | None]] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                parts.append((node.data, None))
            elif isinstance(node, nodes.Name):
                parts.append(("", node.name))
            else:
                return None
    return tuple(parts)


def _only_gap(source: str) -> str | None:
    if not (source.startswith("{{") and source.endswith("}}")) or source.count("{{") + source.count("}}") > 2:
        return None
    # a sign right at the braces is whitespace control; any other belongs to the expression
    return source[2:-2].removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+")
