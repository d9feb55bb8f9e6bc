"""Values inside effect keys: spellings that mean the same thing outside are written alike."""

import json
import re
import unicodedata
from typing import Any, Literal

from gate_events.canonical import canonical
from gate_events.names import folded
from gate_policy.display import plain
from gate_policy.templates import Template

Spelling = Literal["alike", "exact"]

_NUMBER = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]*))?(?:e([+-]?[0-9]{1,6}))?")
_LONGEST_ZEROS = 40


def key_template(template: Template, spelling: Spelling) -> Template:
    """The template of an effect key. Several values are written as JSON, so that none runs into the next."""
    if spelling == "exact":
        return Template(template.source, exact_quoted) if template.gaps > 1 else template
    return Template(template.source, alike_quoted if template.gaps > 1 else alike)


def alike(value: Any) -> str:
    """A value as text: numbers in one form, text without case, width, outer blanks and what nobody sees."""
    inside = _inside(value)
    return inside if isinstance(inside, str) else canonical(inside).decode()


def alike_quoted(value: Any) -> str:
    """The same as JSON, which says where it ends."""
    return canonical(_inside(value)).decode()


def exact_quoted(value: Any) -> str:
    """A value as it is written, as JSON."""
    return json.dumps(value if isinstance(value, str) else plain(value), ensure_ascii=False)


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _inside(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        each = [_inside(inner) for inner in value]
        return each[0] if len(each) == 1 else each  # to: [ann] is to: ann for whom it reaches
    return _alike(value)


def _alike(value: Any) -> str:
    text = folded(plain(value))
    if not text.isascii():
        text = text.translate({ord(char): str(unicodedata.decimal(char, char)) for char in set(text)})
    number = _NUMBER.fullmatch(text)
    return text if number is None else _decimal(*number.groups(default=""))


def _decimal(sign: str, whole: str, fraction: str, exponent: str) -> str:
    """A decimal number without needless zeros, signs and exponents, exactly."""
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0"
    kept = digits.rstrip("0")
    shift = int(exponent or 0) - len(fraction) + len(digits) - len(kept)
    minus = "-" if sign == "-" else ""
    if abs(shift) > _LONGEST_ZEROS:
        return f"{minus}{kept}e{shift}"
    if shift >= 0:
        return minus + kept + "0" * shift
    padded = kept.rjust(1 - shift, "0")
    return f"{minus}{padded[:shift]}.{padded[shift:]}"
