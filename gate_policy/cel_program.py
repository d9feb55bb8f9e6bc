"""A CEL tree as a Python function: strict from left to right, every round of a macro counted.

Standard functions are the library's own. What decides whether a rule counts is here: &&, ||, comparison,
`in`, has, size and macros, since there CEL lets an error or a value of another type become a no.
"""

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

from cel_expr_python import cel

from gate_policy import cel_values as values
from gate_policy.cel_tree import (
    Call,
    Constant,
    Fold,
    ListOf,
    MapOf,
    Name,
    Select,
    Tree,
    UnreadableTreeError,
    parts,
)
from gate_policy.cel_values import UNLIMITED, Budget, DoubtError

Scope = dict[str, Any]
Eval = Callable[[Scope], Any]
BUDGET = "@budget"  # no CEL name has an @
PER_PLAN = frozenset({"agent", "plan"})  # variables that are the same for all its steps
_ORDER = {"_<_": operator.lt, "_<=_": operator.le, "_>_": operator.gt, "_>=_": operator.ge}
_MAPS = (*map(Name, ("args", "agent", "plan", "step")), Select(Name("plan"), "counts", only_test=False))
_INT64 = 2**63
_DECLARED = {"time": cel.Type.TIMESTAMP, "duration": cel.Type.DURATION}  # the library takes these only so
_SIGNS = {"_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%"}
_SIGNS |= {sign: sign.strip("_") for sign in _ORDER}


class Program:
    """Compiles one tree. `doubtful` are arguments whose absence nobody expects: has() of one is a doubt."""

    def __init__(self, doubtful: frozenset[str]) -> None:
        self._doubtful = doubtful
        self._depth = 0  # of macros around what is compiled

    def of(self, tree: Tree) -> Eval:  # noqa: PLR0911 - one line a kind
        """The function that evaluates a tree in a scope."""
        match tree:
            case Constant(value, unsigned):
                if unsigned:
                    raise UnreadableTreeError("an unsigned number")
                return lambda _: value
            case Name(name):
                return self._name(name)
            case Select():
                return self._select(tree)
            case Call():
                return self._call(tree)
            case ListOf(elements):
                each = [self.of(one) for one in elements]
                return lambda scope: [one(scope) for one in each]
            case MapOf(entries):
                pairs = [(self.of(key), self.of(value)) for key, value in entries]
                return lambda scope: {key(scope): value(scope) for key, value in pairs}
            case Fold():
                return self._fold(tree)

    def _name(self, name: str) -> Eval:
        def found(scope: Scope) -> Any:
            return scope[name] if name in scope else _type(name)

        return found

    def _select(self, tree: Select) -> Eval:
        operand, name = self.of(tree.operand), tree.field
        if not tree.only_test:
            return lambda scope: values.field(operand(scope), name)
        return self._has(tree.operand, operand, name)

    def _has(self, tree: Tree, operand: Eval, name: str) -> Eval:
        doubtful = tree == Name("args") and name in self._doubtful

        def has(scope: Scope) -> bool:
            held = operand(scope)
            if not isinstance(held, dict):
                raise DoubtError("no map")
            if doubtful and name not in held:
                raise DoubtError(f"no action takes {name}")
            return name in held

        return has

    def _call(self, tree: Call) -> Eval:  # noqa: PLR0911 - one line an operator
        operands = [self.of(one) for one in ((tree.target,) if tree.target else ()) + tree.arguments]
        match tree.function, operands:
            case "_&&_", [one, other]:
                return lambda scope: values.truth(one(scope)) and values.truth(other(scope))
            case "_||_", [one, other]:
                return lambda scope: values.truth(one(scope)) or values.truth(other(scope))
            case "!_", [one]:
                return lambda scope: not values.truth(one(scope))
            case "_?_:_", [one, then, other]:
                return lambda scope: then(scope) if values.truth(one(scope)) else other(scope)
            case "@not_strictly_false", [one]:
                return one
            case "_[_]", [one, at]:
                return lambda scope: values.element(one(scope), at(scope))
            case "size", [one]:
                return lambda scope: values.size(one(scope))
            case "@in", [one, held]:
                return self._contained(tree, one, held)
            case (("_==_" | "_!=_"), [one, other]):
                return self._equal(tree, one, other)
            case name, [one, other] if name in _ORDER:
                return self._ordered(tree, one, other)
        apply = self._standard(tree)
        return lambda scope: apply(scope, [one(scope) for one in operands])

    def _budget(self) -> Callable[[Scope], Budget]:
        return (lambda scope: scope[BUDGET]) if self._depth else (lambda _: UNLIMITED)

    def _contained(self, tree: Call, one: Eval, held: Eval) -> Eval:
        name, where = tree.arguments
        if isinstance(name, Constant) and isinstance(name.value, str) and where == Name("args"):
            return self._has(where, held, name.value)
        budget, keyed = self._budget(), _is_map(where)
        return lambda scope: values.contained(one(scope), held(scope), budget(scope), keyed)

    def _equal(self, tree: Call, one: Eval, other: Eval) -> Eval:
        budget, wanted = self._budget(), tree.function == "_==_"
        if Constant(None) in tree.arguments:  # asking whether there is a value is no comparison across types
            return lambda scope: ((one(scope) is None) == (other(scope) is None)) == wanted
        return lambda scope: values.equal(one(scope), other(scope), budget(scope)) == wanted

    def _ordered(self, tree: Call, one: Eval, other: Eval) -> Eval:
        compare, slow = _ORDER[tree.function], self._standard(tree)

        def ordered(scope: Scope) -> Any:
            left, right = one(scope), other(scope)
            kind = values.kind_of(left)
            if kind == values.kind_of(right) and kind in values.ORDERED:
                return compare(left, right)
            return slow(scope, [left, right])

        return ordered

    def _standard(self, tree: Call) -> Callable[[Scope, list[Any]], Any]:
        """A function or operator of the library."""
        function, method = tree.function, tree.target is not None
        budget, weight = self._budget(), self._weight(tree)

        def apply(scope: Scope, given: list[Any]) -> Any:
            if function == "_+_" and _short_ints(given):
                return given[0] + given[1]
            scope[BUDGET].spend(sum(map(weight, given)))
            if function == "_+_" and all(isinstance(one, list) for one in given):
                budget(scope).spend(len(given[0]) + len(given[1]))
                return given[0] + given[1]
            kinds = tuple(values.kind_of(one) for one in given)
            if function != "type" and not values.HELD.isdisjoint(kinds):
                raise DoubtError("a list or map")
            return values.known(_library(function, method, kinds)(given))

        return apply

    def _weight(self, tree: Call) -> Callable[[Any], int]:
        """What looking at a value costs. Outside of macros the record bounds what is read of a step alone."""
        if self._depth:
            return values.weight
        named = {part.name for part in parts(tree) if isinstance(part, Name)}
        return (lambda _: 0) if named.isdisjoint(PER_PLAN) else values.weight_of_long

    def _fold(self, tree: Fold) -> Eval:
        over, start, keyed = self.of(tree.over), self.of(tree.start), _is_map(tree.over)
        self._depth += 1
        goes_on, result = self.of(tree.goes_on), self.of(tree.result)
        condition, gathered = _gathers(tree)
        step = self.of(gathered or tree.step)
        wanted = None if condition is None else self.of(condition)
        self._depth -= 1

        def fold(scope: Scope) -> Any:
            around = over(scope)
            if not isinstance(around, list | tuple) and not (keyed and isinstance(around, dict)):
                raise DoubtError("no list")
            inner = dict(scope)
            inner[tree.result_variable] = start(scope)
            for one in around:
                scope[BUDGET].spend(1)
                inner[tree.variable] = one
                if not values.truth(goes_on(inner)):
                    break
                if gathered is None:
                    inner[tree.result_variable] = step(inner)
                elif wanted is None or values.truth(wanted(inner)):
                    inner[tree.result_variable].append(step(inner))
            return result(inner)

        return fold


def _is_map(tree: Tree) -> bool:
    """Whether a condition means a map, and so its keys. An argument may be one in the place of a list."""
    return tree in _MAPS or isinstance(tree, MapOf)


def _gathers(tree: Fold) -> tuple[Tree | None, Tree | None]:
    """Of map and filter what is gathered, and under which condition: no list is copied for each round."""
    sofar = Name(tree.result_variable)
    match tree.start, tree.step:
        case ListOf(()), Call("_+_", None, (first, ListOf((one,)))) if first == sofar:
            return None, one
        case ListOf(()), Call("_?_:_", None, (condition, Call("_+_", None, (first, ListOf((one,)))), other)):
            if first == sofar == other:
                return condition, one
    return None, None


def _short_ints(given: list[Any]) -> bool:
    return all(type(one) is int and -_INT64 // 2 <= one < _INT64 // 2 for one in given)


@cache
def _type(name: str) -> Any:
    """A type by its name, for type(args.x) == string."""
    return cel.NewEnv().compile(name).eval().value()


@cache
def _library(function: str, method: bool, kinds: tuple[str, ...]) -> Callable[[list[Any]], Any]:
    names = [f"a{at}" for at in range(len(kinds))]
    if function == "-_":
        source = "-a0"
    elif function in _SIGNS:
        source = f"a0 {_SIGNS[function]} a1"
    elif method:
        source = f"a0.{function}({', '.join(names[1:])})"
    else:
        source = f"{function}({', '.join(names)})"
    types = [_DECLARED.get(kind, cel.Type.DYN) for kind in kinds]
    program = cel.NewEnv(variables=dict(zip(names, types, strict=True))).compile(source)

    def evaluate(given: list[Any]) -> Any:
        # a list or map is here for type() alone, which looks at nothing in it
        short = [type(one)() if isinstance(one, list | dict) else one for one in given]
        found = program.eval(data=dict(zip(names, short, strict=True)))
        if found.type() == cel.Type.ERROR:
            raise DoubtError(str(found.value()))
        return found.plain_value()

    return evaluate
