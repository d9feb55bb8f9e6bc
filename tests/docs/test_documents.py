"""Documents name only what there is."""

import re
import subprocess
from pathlib import Path

import pytest

from plangate.cli.lazy_group import command
from plangate.cli.table import TABLE
from plangate.settings import PASS_THROUGH, Settings, load_settings
from tests.docs.markdown import ROOT, links

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_that_exist(document: Path) -> None:
    assert [link for link in links(document) if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_documents_exist(document: Path) -> None:
    named = re.findall(r"(?:^ *|`|\$ )plangate ((?:[a-z][a-z-]* ?){1,2})", document.read_text(), re.MULTILINE)
    assert [words for words in named if not _exists(words.split())] == []


def _exists(words: list[str]) -> bool:
    if words[0] == "help":  # of the command that comes next, if one is named
        return len(words) == 1 or words[1] in TABLE
    if words[0] not in TABLE or len(words) == 1:
        return words[0] in TABLE
    named = command(words[0])
    return words[1] in named.commands if hasattr(named, "commands") else True


def test_every_command_is_in_a_document() -> None:
    said = "".join(document.read_text() for document in DOCUMENTS)
    assert [name for name in TABLE if f"plangate {name}" not in said] == []


@pytest.mark.parametrize(
    "document", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name
)
def test_the_make_targets_that_are_named_exist(document: Path) -> None:
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", document.read_text(), re.MULTILINE))
    there = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"test"} <= named <= there


def test_make_demo_hands_its_arguments_on_as_the_readme_says() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "demo", "ARGS=--broker apache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1].endswith("plangate demo --broker apache")


def test_the_changelog_tells_what_is_not_released_yet() -> None:
    _, unreleased, rest = (ROOT / "CHANGELOG.md").read_text().partition("\n## Unreleased\n")
    assert unreleased
    assert "- " in rest.partition("\n## ")[0]


def test_the_example_environment_names_every_setting_with_its_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = dict(re.findall(r"^(PLANGATE_\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    plain = {f"PLANGATE_{name.upper()}" for name in Settings.model_fields if name not in PASS_THROUGH}
    assert set(given) == plain | {"PLANGATE_KAFKA_BOOTSTRAP_SERVERS"}
    default = load_settings()
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    written = load_settings()
    assert written.bootstrap_servers == default.bootstrap_servers
    assert written.model_dump(exclude={"kafka"}) == default.model_dump(exclude={"kafka"})


def test_the_example_environment_explains_each_setting_in_its_own_words() -> None:
    explained = re.findall(r"^# (.*)\nPLANGATE_(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    words = {name.lower(): text for text, name in explained}
    for name, field in Settings.model_fields.items():
        if name not in PASS_THROUGH:
            assert words[name] == field.description
