import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.compose_file import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WANTED = [
    *PROJECT["project"]["dependencies"],
    *(line for group in PROJECT["dependency-groups"].values() for line in group),
]


def _pins(file: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / file).read_text(), re.MULTILINE))


@pytest.mark.parametrize("line", WANTED)
def test_the_lock_pins_what_the_project_asks_for(line: str) -> None:
    wanted = Requirement(line)
    assert wanted.specifier.contains(_pins("requirements.lock")[canonicalize_name(wanted.name)])


def test_what_builds_the_wheel_is_pinned_too() -> None:
    (builder,) = map(Requirement, PROJECT["build-system"]["requires"])
    assert builder.specifier.contains(_pins("requirements.lock")[builder.name])


@pytest.mark.parametrize("file", ["requirements.lock", "scripts/uv.lock"])
def test_every_pin_has_its_hashes_and_no_index_is_named(file: str) -> None:
    text = (ROOT / file).read_text()
    pins = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "index-url" not in text
    assert "://" not in text


def test_whatever_the_set_up_installs_from_an_index_is_checked_against_a_hash() -> None:
    script = (ROOT / "scripts/bootstrap.sh").read_text()
    installs = [line for line in script.splitlines() if "pip install" in line]
    assert len(installs) == 3
    from_here = "--no-deps --no-build-isolation -e ."
    assert [line for line in installs if "--require-hashes" not in line and from_here not in line] == []
