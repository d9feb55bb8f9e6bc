"""A first catalogue from an MCP server's tools. Hints are claims of the server, so a human settles them."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from gate_events.words import Tier
from gate_policy.errors import McpToolsError

DEFAULTS = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}
_SECRET = re.compile(r"passw|secret|token|api_?key|credential|private_?key", re.IGNORECASE)
_LONGEST_NAME = 256
_HEAD = """\
# A first catalogue from MCP tool annotations. Annotations are claims of the server, no proof:
# answer every `settle`, then remove it. Until then each plan with that action is held.
"""


class _Hints(NamedTuple):
    """What a server claims of a tool, with MCP's defaults for what it does not say."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool
    stated: frozenset[str]
    unfit: tuple[str, ...]


def catalogue_from_mcp(tools: object) -> str:
    """YAML text of a catalogue from a tools/list result, its list of tools, or a JSON-RPC answer.

    Every tier that rests on a hint or a default carries `settle`, which holds its plans until a human
    has removed it. Raises McpToolsError where `tools` is none of these.
    """
    actions = CommentedMap()
    for at, tool in enumerate(_tools(tools)):
        name = _name(tool, at)
        if name in actions:
            raise McpToolsError(f"tools[{at}].name", f"{name!r} stands twice", "give each tool one entry")
        actions[name] = _entry(tool)
        if settle := actions[name].get("settle"):
            actions.yaml_set_comment_before_after_key(name, before=f"settle: {settle}", indent=2)
    if not actions:
        raise McpToolsError("tools", "is empty", "give the answer of tools/list of a server that has tools")
    return _written(CommentedMap(version=1, mode="tiered", actions=actions))


def _written(content: CommentedMap) -> str:
    yaml = YAML()
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    out.write(
        "# A first catalogue from MCP tool annotations. Annotations are claims of the server, no proof:\n"
    )
    out.write("# settle every `settle`, then remove it. Until then each plan with that action is held.\n")
    yaml.dump(content, out)
    return out.getvalue()


def _tools(tools: object) -> Sequence[Mapping[str, Any]]:
    found: Any = tools
    for key in ("result", "tools"):
        if isinstance(found, Mapping) and key in found:
            found = found[key]
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        raise McpToolsError("tools", "is no list", 'give {"tools": [...]} as tools/list answers it')
    return found


def _name(tool: object, at: int) -> str:
    name = tool.get("name") if isinstance(tool, Mapping) else None
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        mend = f"give every tool a name of 1 to {_LONGEST_NAME} printable characters"
        raise McpToolsError(f"tools[{at}].name", f"{name!r} is no name", mend)
    return name


def _entry(tool: Mapping[str, Any]) -> CommentedMap:
    hints = _hints(tool.get("annotations"))
    tier, doubts = _tier(hints)
    entry = CommentedMap(tier=tier.value)
    arguments = _arguments(tool.get("inputSchema"))
    if arguments is not None:
        entry["arguments"] = _flow(arguments)
        if secret := [name for name in arguments if _SECRET.search(name)]:
            entry["secret"] = _flow(secret)
    if doubts:
        entry["settle"] = "; ".join(doubts)
    return entry


def _flow(names: list[str]) -> CommentedSeq:
    # quoted: a plain ?a in a list on one line is read back as a mapping
    sequence = CommentedSeq(
        [name if name.isidentifier() else DoubleQuotedScalarString(name) for name in names]
    )
    sequence.fa.set_flow_style()
    return sequence


def _hints(annotations: object) -> _Hints:
    given: Mapping[Any, Any] = annotations if isinstance(annotations, Mapping) else {}
    stated = frozenset(name for name in DEFAULTS if isinstance(given.get(name), bool))
    unfit = tuple(name for name in DEFAULTS if given.get(name) is not None and name not in stated)
    value = {name: bool(given[name]) if name in stated else default for name, default in DEFAULTS.items()}
    return _Hints(
        read_only=value["readOnlyHint"],
        destructive=value["destructiveHint"],
        idempotent=value["idempotentHint"],
        open_world=value["openWorldHint"],
        stated=stated,
        unfit=unfit,
    )


def _tier(hints: _Hints) -> tuple[Tier, list[str]]:
    """The strictest tier that the hints leave open, and what a human must settle."""
    doubts = [f"{name} is no boolean, so MCP's default stands" for name in hints.unfit]
    if hints.read_only and hints.destructive and "destructiveHint" in hints.stated:
        return Tier.IRREVERSIBLE, [*doubts, "the server says both read-only and destructive: which is it?"]
    if hints.read_only:
        return Tier.REVERSIBLE, [*doubts, "the server says read-only: confirm that it changes nothing"]
    if hints.idempotent:
        doubts.append("the server says idempotent: set idempotent: true once you know that repeats are safe")
    if hints.destructive:
        return Tier.IRREVERSIBLE, doubts + _unstated(hints)
    if hints.open_world:
        said = "the server says not destructive, but it reaches the outside world: can that be taken back?"
        return Tier.IRREVERSIBLE, [*doubts, said]
    said = "the server says not destructive and closed-world: confirm, and add an undo"
    return Tier.PARTIALLY_REVERSIBLE, [*doubts, said]


def _unstated(hints: _Hints) -> list[str]:
    stated = "destructiveHint" in hints.stated
    return [] if stated else ["the server gives no destructiveHint: it is taken as destructive"]


def _arguments(schema: object) -> list[str] | None:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return None
    names = [name for name in properties if isinstance(name, str)]
    return [name for name in names if 1 <= len(name) <= _LONGEST_NAME and name.isprintable()]
