"""docker-compose.yml as Compose reads it."""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
OUR_IMAGE = "plangate:0.1.0"

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


@cache
def services() -> dict[str, dict[str, Any]]:
    """All services by name, `<<` merged, variables at their defaults."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = _interpolated(YAML(typ="safe").load(text)["services"])
    return found


def _interpolated(value: Any) -> Any:
    """Compose reads the YAML first: a variable is never more than text."""
    if isinstance(value, dict):
        return {name: _interpolated(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_interpolated(each) for each in value]
    return _VARIABLE.sub(_default, value) if isinstance(value, str) else value


def _default(match: re.Match[str]) -> str:
    assert match[2] is not None, f"{match[0]} has no default"
    return match[2]


def ours() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: each for name, each in services().items() if each["image"] == OUR_IMAGE}


def environment(service: str, **replaced: str) -> dict[str, str]:
    """What a process of a service sees; `replaced` gives hosts and ports of this machine."""
    given = services()[service]["environment"]
    assert set(replaced) <= set(given)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLANGATE_")}
    return {**kept, **given, **replaced}


def broker_properties(environment: Mapping[str, str]) -> dict[str, str]:
    """KAFKA_LOG_DIRS -> log.dirs, as the image apache/kafka reads its environment."""
    return {
        name.removeprefix("KAFKA_").replace("_", ".").lower(): value for name, value in environment.items()
    }
