"""Conditions in CEL: compiled once, evaluated per step; a condition that fails is a doubt."""

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from cel_expr_python import cel

from gate_policy.cel_program import BUDGET, PER_PLAN, Eval, Program
from gate_policy.cel_tree import Call, Constant, Name, Select, Tree, UnreadableTreeError, parts, read
from gate_policy.cel_values import Budget
from gate_policy.errors import ConditionFaultError

FIELDS = {
    "agent": ("name", "model", "prompt_version", "tools"),
    "plan": ("goal", "proposer", "revision", "steps", "counts"),
    "step": ("id", "index", "claimed_tier"),
}
VARIABLES = ("action", "args", *FIELDS)
_UNDECLARED = re.compile(r"<input>:(\d+):(\d+): undeclared reference to '(\w+)")
LONGEST = 4_000  # characters
ROUNDS = 500_000  # of macros and of reading long texts, for all the rules and steps of a plan


class Verdict(Enum):
    """What a condition says about a step."""

    NO = "NO"
    YES = "YES"
    DOUBT = "DOUBT"  # it could not be evaluated: the stricter way, so it counts as met


class Condition:
    """A compiled CEL expression over `action`, `args`, `agent`, `plan` and `step`.

    `listed` are all the arguments that the actions take which it is about; None: not all of them say so.
    """

    __slots__ = ("_evaluate", "arguments", "per_step", "source", "tested", "variables")

    def __init__(self, source: str, listed: frozenset[str] | None = None) -> None:
        self.source = source
        tree = _checked(source)
        within = list(parts(tree))
        named = {part.name for part in within if isinstance(part, Name)}
        self.variables = tuple(name for name in VARIABLES if name in named)
        self.tested = frozenset(_tested(within))  # arguments that it asks has() of
        fields = {part.field for part in within if isinstance(part, Select) and part.operand == Name("args")}
        self.arguments = self.tested | fields
        self.per_step = not PER_PLAN.issuperset(self.variables)
        self._evaluate = _compiled(tree, self.tested - listed if listed is not None else frozenset())

    def verdict(self, value_of: Callable[[str], Any], budget: Budget) -> Verdict:
        """Whether the condition holds, given a way to get each variable."""
        try:
            scope = {name: value_of(name) for name in self.variables}
            scope[BUDGET] = budget
            found = self._evaluate(scope)
        except Exception:  # every kind of fault is a doubt, the library's own too
            return Verdict.DOUBT
        if found is True:
            return Verdict.YES
        return Verdict.NO if found is False else Verdict.DOUBT


def _environment() -> Any:
    fields = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    variables = dict.fromkeys(("args", *FIELDS), fields)
    return cel.NewEnv(variables={"action": cel.Type.STRING, **variables})


_CEL = _environment()


def _checked(source: str) -> Tree:
    if len(source) > LONGEST:
        raise ConditionFaultError(f"is {len(source)} characters long", f"keep it below {LONGEST}")
    try:
        tree = read(_CEL.compile(source).serialize())
    except (UnreadableTreeError, RecursionError) as error:
        raise ConditionFaultError(f"has {error}, which no condition needs", "write plain CEL") from error
    except Exception as error:  # the library raises RuntimeError and UnicodeError
        raise _fault(str(error), source) from error
    for part in parts(tree):
        _refuse_unknown_field(part)
    return tree


def _fault(said: str, source: str) -> ConditionFaultError:
    if unknown := _UNDECLARED.search(said):
        line, column, name = int(unknown[1]), int(unknown[2]), unknown[3]
        if source.split("\n")[line - 1][column - 1 : column] == "(":  # where the library points for calls
            return ConditionFaultError(f"calls the unknown function {name}", "use CEL's standard functions")
        return ConditionFaultError(f"names the unknown variable {name}", f"use {', '.join(VARIABLES)}")
    said = said.partition("ERROR: ")[2].partition("\n")[0][:200]
    fault = f"is no CEL: {said or 'it does not parse'}"
    return ConditionFaultError(fault, "write a CEL expression such as: args.amount > 100")


def _refuse_unknown_field(part: Tree) -> None:
    if not isinstance(part, Select) or not isinstance(part.operand, Name):
        return
    known = FIELDS.get(part.operand.name)
    if known and part.field not in known:
        fault = f"names the unknown field {part.operand.name}.{part.field}"
        raise ConditionFaultError(fault, f"use {', '.join(known)}")


def _compiled(tree: Tree, doubtful: frozenset[str]) -> Eval:
    try:
        return Program(doubtful).of(tree)
    except UnreadableTreeError as error:
        mend = "write numbers without u: JSON has no unsigned ones"
        raise ConditionFaultError(f"has {error}", mend) from error


def _tested(within: list[Tree]) -> Iterator[str]:
    for part in within:
        match part:
            case Select(Name("args"), name, True):
                yield name
            case Call("@in", None, (Constant(str() as name), Name("args"))):
                yield name
