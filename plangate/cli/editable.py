"""Plain data as text that a human edits, and what of it nobody touched."""

import json
from contextlib import suppress
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from gate_events.shown import hidden
from gate_policy.display import REDACTED
from plangate.cli.failures import CommandError
from plangate.cli.files import parse_yaml

_FIRST_PLANE = 0xFFFF
_ONE_LINE = 1_000_000  # characters: a folded line is read back with other blanks


def as_text(plain: Any) -> str:
    """YAML that reads back as the same values; where YAML cannot say one of them, JSON, which is YAML.

    What nobody sees is escaped in both.
    """
    out = StringIO()
    yaml = YAML()
    yaml.width = _ONE_LINE
    try:
        yaml.dump(_quoted(plain), out)
        text = out.getvalue()
        text = text.translate({ord(char): _escaped(char) for char in hidden(text) - {"\n"}})
        if _same(YAML(typ="safe").load(text), plain):
            return text
    except (YAMLError, ValueError):
        pass
    return json.dumps(plain, indent=2)


def _quoted(value: Any) -> Any:
    """The same, with quotes around each text that needs an escape: YAML has them there alone."""
    if isinstance(value, dict):
        return {_quoted(key): _quoted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_quoted(inner) for inner in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) and hidden(value) else value


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04X}" if ord(char) <= _FIRST_PLANE else f"\\U{ord(char):08X}"


def of_text(text: str, name: object, mend: str) -> Any:
    """What such a text says. Raises CommandError with the line and the mend."""
    if text.startswith("["):  # YAML would take a character outside of the first plane for two
        with suppress(ValueError):
            return json.loads(text)
    return parse_yaml(text, name, mend)


def with_untouched(edited: Any, shown: Any, raw: Any, where: str) -> Any:
    """`edited` with everything that stands as it was `shown` as it is in `raw`, by its path.

    So a secret that was shown as ••• is what it was. Raises CommandError for ••• in another place: nobody
    knows what it stands for.
    """
    if _same(edited, shown):
        return raw
    if isinstance(edited, dict):
        before, proposed = _dict(shown), _dict(raw)
        return {
            key: with_untouched(inner, before.get(key), proposed.get(key), f"{where}, {key}")
            for key, inner in edited.items()
        }
    if isinstance(edited, list):
        return _list_with_untouched(edited, _list(shown), _list(raw), where)
    if edited == REDACTED:
        raise CommandError(
            f"{where}: {REDACTED} stands for a secret that was not here",
            "leave secrets where they are, or write the value itself",
        )
    return edited


def _list_with_untouched(edited: list[Any], shown: list[Any], raw: list[Any], where: str) -> list[Any]:
    """Items that stand where they were, or elsewhere as they were; what changed in place, if it is one."""
    as_long = len(edited) == len(shown)
    touched = {at for at, item in enumerate(edited) if not (as_long and _same(item, shown[at]))}
    merged = []
    for at, item in enumerate(edited):
        place = f"{where}[{at}]"
        if at not in touched:
            merged.append(raw[at])
        elif same := [own for before, own in zip(shown, raw, strict=True) if _same(before, item)]:
            merged.append(_one_of(same, place))
        elif as_long and touched == {at}:
            merged.append(with_untouched(item, shown[at], raw[at], place))
        elif as_long and _holds_secret(item):
            raise _unclear(place, f"it is not the only item that changed: whose {REDACTED} is it?")
        else:
            merged.append(with_untouched(item, None, None, place))
    return merged


def _one_of(same: list[Any], place: str) -> Any:
    """The one value of all that are shown alike."""
    if len({_spelt(own) for own in same}) > 1:
        raise _unclear(place, "several secrets look like this, and items were moved, added or left out")
    return same[0]


def _unclear(place: str, problem: str) -> CommandError:
    mend = "leave whole steps out with --drop, or write the values themselves"
    return CommandError(f"{place}: {problem}", mend)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_secret, value.values()))
    if isinstance(value, list):
        return any(map(_holds_secret, value))
    return bool(value == REDACTED)


def _same(one: Any, other: Any) -> bool:
    """Python holds 1, 1.0 and True for the same; a plan does not."""
    return _spelt(one) == _spelt(other)


def _spelt(value: Any) -> str:
    return json.dumps(value, default=repr)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
