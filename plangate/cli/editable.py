"""Plain data as text that a human edits, and what of it nobody touched."""

import json
from contextlib import suppress
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gate_policy.display import REDACTED
from plangate.cli.failures import CommandError
from plangate.cli.files import parse_yaml

_ONE_LINE = 1_000_000  # characters: a folded line is read back with other blanks


def as_text(plain: Any) -> str:
    """YAML that reads back as the same values; where YAML cannot say one of them, JSON, which is YAML."""
    out = StringIO()
    yaml = YAML()
    yaml.width = _ONE_LINE
    try:
        yaml.dump(plain, out)
        if _same(YAML(typ="safe").load(out.getvalue()), plain):
            return out.getvalue()
    except (YAMLError, ValueError):
        pass
    return json.dumps(plain, indent=2)


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
    """Items by their place where none was added or left out; else those that stand in both, once each."""
    if len(edited) == len(shown):
        return [
            with_untouched(item, before, proposed, f"{where}[{number}]")
            for number, (item, before, proposed) in enumerate(zip(edited, shown, raw, strict=True))
        ]
    left = list(zip(shown, raw, strict=True))
    found = []
    for number, item in enumerate(edited):
        same = [place for place, (before, _) in enumerate(left) if _same(before, item)]
        if len({_spelt(left[place][1]) for place in same}) > 1:
            raise CommandError(
                f"{where}[{number}]: several secrets look like this, and items were added or left out",
                "leave whole steps out with --drop, or write the values themselves",
            )
        before, proposed = left.pop(same[0]) if same else (None, None)
        found.append(with_untouched(item, before, proposed, f"{where}[{number}]"))
    return found


def _same(one: Any, other: Any) -> bool:
    """Python holds 1, 1.0 and True for the same; a plan does not."""
    return _spelt(one) == _spelt(other)


def _spelt(value: Any) -> str:
    return json.dumps(value, default=repr)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
