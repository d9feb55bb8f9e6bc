"""docker-compose.yml as Compose reads it."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
OUR_IMAGE = "plangate:0.1.0"
SECRETS = "/run/secrets"

_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::-([^}]*))?\}")


@cache
def whole() -> dict[str, Any]:
    """The file, `<<` merged, variables at their defaults."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = _interpolated(YAML(typ="safe").load(text))
    return found


def services() -> dict[str, dict[str, Any]]:
    """All services by name."""
    found: dict[str, dict[str, Any]] = whole()["services"]
    return found


def _interpolated(value: Any) -> Any:
    """Compose reads the YAML first: a variable is never more than text."""
    if isinstance(value, dict):
        return {name: _interpolated(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_interpolated(each) for each in value]
    return _VARIABLE.sub(_default, value) if isinstance(value, str) else value


def _default(match: re.Match[str]) -> str:
    if match[0] == "$$":
        return "$"
    assert match[2] is not None, f"{match[0]} has no default"
    return match[2]


def ours() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: each for name, each in services().items() if each["image"] == OUR_IMAGE}


def workers() -> dict[str, dict[str, Any]]:
    """Those of ours that stay."""
    return {name: each for name, each in ours().items() if "restart" in each}


def mounts(service: str) -> dict[str, str]:
    """What is mounted, by where: a volume's name or a path of this machine."""
    given = services()[service].get("volumes", [])
    return dict(_mount(each) for each in given)


def _mount(given: str | Mapping[str, Any]) -> tuple[str, str]:
    if isinstance(given, str):
        source, target, *_ = given.split(":")
        return target, source
    return given["target"], given["source"]


def broker_properties(environment: Mapping[str, str]) -> dict[str, str]:
    """KAFKA_LOG_DIRS -> log.dirs, as the image apache/kafka reads its environment."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", ".").replace("...", "-").replace("..", "_"): value
        for name, value in environment.items()
    }
