"""Where importing the suite reads a clock."""

import ast
from collections.abc import Iterator, Mapping

CLOCKS = {
    "now", "utcnow", "today", "utc_now", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter",
    "perf_counter_ns", "localtime", "gmtime",
}  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


def clocks_read(sources: Mapping[str, str]) -> list[str]:
    """`module:line` of each clock that importing a module reads, itself or by a function of these modules."""
    trees = {name: ast.parse(source) for name, source in sources.items()}
    readers = _readers(trees)
    return [
        f"{name}:{call.lineno}"
        for name, tree in trees.items()
        for call in _calls_at_import(tree)
        if _uses(call) & (CLOCKS | readers[name])
    ]


def _calls_at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls of modules and classes, of decorators and of default values; not of a script's main block."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield node
        if isinstance(node, Function):
            waiting += [*node.decorator_list, node.args]  # its body runs later
        elif isinstance(node, ast.Lambda):
            waiting.append(node.args)
        elif not _is_main(node):
            waiting += ast.iter_child_nodes(node)


def _is_main(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def _readers(trees: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """For each module the functions, its own and imported, that read a clock, directly or by one another."""
    readers: dict[str, set[str]] = {name: set() for name in trees}
    known = -1
    while known < (known := sum(map(len, readers.values()))):
        for name, tree in trees.items():
            reads = CLOCKS | readers[name]
            readers[name] |= {
                each.name for each in tree.body if isinstance(each, Function) and _calls(each, reads)
            }
            readers[name] |= {
                alias.asname or alias.name
                for each in tree.body
                if isinstance(each, ast.ImportFrom)
                for alias in each.names
                if alias.name in readers.get(each.module or "", ())
            }
    return readers


def _calls(function: Function, names: set[str]) -> bool:
    return any(_uses(node) & names for node in ast.walk(function) if isinstance(node, ast.Call))


def _uses(call: ast.Call) -> set[str]:
    """What a call calls, and what it hands on to be called."""
    found = set()
    for each in (call.func, *call.args, *(keyword.value for keyword in call.keywords)):
        match each:
            case ast.Name(name) | ast.Attribute(attr=name):
                found.add(name)
    return found
