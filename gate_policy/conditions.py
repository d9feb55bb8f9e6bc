"""Conditions in CEL: compiled once, evaluated per step; a condition that fails is a doubt."""

import re
from collections.abc import Callable
from enum import Enum
from typing import Any

import cel

from gate_policy.errors import ConditionFaultError

VARIABLES = ("action", "args", "agent", "plan", "step")
_TYPES = {"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"}
_FUNCTIONS = (
    _TYPES
    | {"size", "contains", "startsWith", "endsWith", "matches", "has", "timestamp", "duration"}
    | {"all", "exists", "exists_one", "filter", "map"}
    | {"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"}
    | {"getHours", "getMinutes", "getSeconds", "getMilliseconds"}
)
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
_ARGS = re.compile(r"\bargs\b")
_FIELD = re.compile(r"\bargs\.([A-Za-z_]\w*+)(?!\s*\()")
_PER_PLAN = frozenset({"agent", "plan"})
_NAME = re.compile(r"[A-Za-z]\w*")
LONGEST = 4_000  # characters


class Verdict(Enum):
    """What a condition says about a step."""

    NO = "NO"
    YES = "YES"
    DOUBT = "DOUBT"  # it could not be evaluated: the stricter way, so it counts as met


class Condition:
    """A compiled CEL expression over `action`, `args`, `agent`, `plan` and `step`."""

    __slots__ = ("_narrow", "_program", "arguments", "per_step", "source", "variables")

    def __init__(self, source: str) -> None:
        self.source = source
        self._program = _compiled(source)
        self.variables = tuple(name for name in VARIABLES if name in self._program.variables())
        fields = _FIELD.findall(source)
        self.arguments = frozenset(fields)  # those that it mentions as args.name
        # handing over only these is quicker, and right where `args` stands nowhere by itself
        self._narrow = len(fields) == len(_ARGS.findall(source))
        self.per_step = not _PER_PLAN.issuperset(self.variables)

    def verdict(self, value_of: Callable[[str], Any]) -> Verdict:
        """Whether the condition holds, given a way to get each variable."""
        try:
            found = self._program.execute(self._values(value_of))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # CEL raises by the kind of fault, Rust's panic included; every kind is a doubt
            return Verdict.DOUBT
        if found is True:
            return Verdict.YES
        return Verdict.NO if found is False else Verdict.DOUBT

    def _values(self, value_of: Callable[[str], Any]) -> dict[str, Any]:
        values = {name: value_of(name) for name in self.variables}
        if self._narrow and "args" in values:
            given = values["args"]
            values["args"] = {name: given[name] for name in self.arguments if name in given}
        return values


def _compiled(source: str) -> Any:
    if len(source) > LONGEST:
        raise ConditionFaultError(f"is {len(source)} characters long", f"keep it below {LONGEST}")
    try:
        program = cel.compile(source)
    except ValueError as error:
        said = str(error).partition("ERROR: ")[2].partition("\n")[0][:200]
        fault = f"is no CEL: {said or 'it does not parse'}"
        raise ConditionFaultError(fault, "write a CEL expression such as: args.amount > 100") from error
    _refuse_unknown(program, source)
    return program


def _refuse_unknown(program: Any, source: str) -> None:
    known = {*VARIABLES, *_TYPES, *_BOUND.findall(source)}
    if strange := sorted(set(program.variables()) - known):
        raise ConditionFaultError(f"names the unknown variable {strange[0]}", f"use {', '.join(VARIABLES)}")
    named = {name for name in program.functions() if _NAME.fullmatch(name)}
    if strange := sorted(named - _FUNCTIONS):
        raise ConditionFaultError(f"calls the unknown function {strange[0]}", "use CEL's standard functions")
