"""The licences of the packages that Plangate installs; `make notices` writes THIRD_PARTY_NOTICES from them.

What a package says of itself is taken where it is installed: its License-Expression, else its classifiers,
else the first line of its License.
"""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
NOTICES = ROOT / "THIRD_PARTY_NOTICES"

PERMISSIVE = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD",  # one of the two; the package does not say which
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "PSF-2.0",
        "Zlib",
    }
)
# They ask that who passes them on says so and adds their text.
WITH_NOTICE = frozenset({"LGPL-3.0-only", "MPL-2.0"})

_OF_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# These say it in no such word; looked up in the text that they bring.
LOOKED_UP = {
    "dumb-init": "MIT",
    "protobuf": "BSD-3-Clause",
    "sqlite-vec": "MIT OR Apache-2.0",
    "venusian": "BSD",  # Repoze's, which is BSD-derived
}

_TEXTS = {
    "LGPL-3.0-only": "licences/LGPL-3.0.txt, which adds to licences/GPL-3.0.txt",
    "MPL-2.0": "licences/MPL-2.0.txt",
}
_HEAD = """\
Plangate itself is under the Apache License 2.0: LICENSE. It installs the packages below, each under a
licence of its own, whose text each brings in its .dist-info folder. `make notices` writes this file.
"""
_MIDDLE = """\

Parts under the LGPL and the MPL
--------------------------------

They are used as they are published, unchanged, each a package of its own, which may be replaced by
another version of it. Their source is at the address given; their licences' texts lie beside this file.
"""


def licence_of(name: str) -> str:
    """An SPDX expression, as far as the package says one. Raises LookupError, PackageNotFoundError."""
    if name in LOOKED_UP:
        return LOOKED_UP[name]
    if expression := _first(name, "License-Expression"):
        return expression
    said = [
        each.rpartition(" :: ")[2]
        for each in metadata(name).get_all("Classifier", [])
        if "License ::" in each
    ]
    if known := sorted({_OF_CLASSIFIERS[each] for each in said if each in _OF_CLASSIFIERS}):
        return " OR ".join(known)
    line = _first(name, "License").partition("\n")[0].strip()
    if line in PERMISSIVE | WITH_NOTICE:
        return line
    raise LookupError(f"{name}: its licence is not known: {line or said}; look at its text, and name it here")


def _first(name: str, field: str) -> str:
    return next(iter(metadata(name).get_all(field, [])), "")


def licences_in(expression: str) -> set[str]:
    """`MPL-2.0 AND (Apache-2.0 OR MIT)`: the three."""
    return set(re.findall(r"[\w.+-]+", expression)) - {"AND", "OR", "WITH"}


def pins() -> dict[str, str]:
    """The versions of requirements.lock, by package; one of them where platforms differ."""
    text = (ROOT / "requirements.lock").read_text()
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    return dict(found)


def runtime() -> list[str]:
    """What an installed Plangate needs on this machine, and its image."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: set[str] = set()
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["image"]]
    waiting = [Requirement(line) for line in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        each = waiting.pop()
        name, extras = canonicalize_name(each.name), frozenset(each.extras)
        if (name, extras) in seen or not is_installed(name):
            continue
        seen.add((name, extras))
        found.add(name)
        waiting += _needs(name, extras)
    return sorted(found)


def _needs(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    for line in requires(name) or ():
        needed = Requirement(line)
        marker = needed.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
            yield needed


def is_installed(name: str) -> bool:
    """Packages of the lock may be for other platforms and Pythons."""
    try:
        metadata(name)
    except PackageNotFoundError:
        return False
    return True


def lines() -> dict[str, str]:
    """A line for each package of `runtime`."""
    return {name: f"{name} {metadata(name)['Version']}: {licence_of(name)}" for name in runtime()}


def notices() -> str:
    """The whole file."""
    of_packages = lines()
    parts = [_HEAD, *of_packages.values(), _MIDDLE]
    for name, line in of_packages.items():
        if owed := licences_in(licence_of(name)) & WITH_NOTICE:
            texts = "; ".join(_TEXTS[each] for each in sorted(owed))
            parts.append(f"{line}\n    source: {_source(name)}\n    text: {texts}")
    return "\n".join(parts) + "\n"


def _source(name: str) -> str:
    named = [each.partition(", ") for each in metadata(name).get_all("Project-URL", [])]
    url: str = next(url for label, _, url in named if label.lower() in ("source", "code", "source code"))
    return url


if __name__ == "__main__":
    NOTICES.write_text(notices())
