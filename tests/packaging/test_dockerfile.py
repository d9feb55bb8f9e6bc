import json
import re
import shlex

import pytest

from plangate.settings import load_settings
from tests.packaging import dockerfile
from tests.packaging.compose_file import ROOT


def test_base_images_have_a_name_and_a_version() -> None:
    images = [line.split()[0] for line in dockerfile.of("FROM")]
    assert images == ["python:3.12-slim"] * 2


def test_every_package_is_checked_against_a_hash() -> None:
    commands = [command for line in dockerfile.of("RUN") for command in line.split("&&")]
    fetching = [c for c in commands if re.search(r"pip install|uv build", c)]
    assert len(fetching) == 4
    for command in fetching:
        assert "--require-hashes" in command or "--no-deps /dist/" in command


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    from_here = [shlex.split(line)[:-1] for line in dockerfile.of("COPY") if not line.startswith("--from")]
    copied = [name for names in from_here for name in names]
    assert sorted(copied) == sorted(let_through)
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_runs_as_an_ordinary_user() -> None:
    words = [each.word for each in dockerfile.instructions()]
    assert dockerfile.of("USER") == ["plangate"]
    assert "RUN" not in words[words.index("USER") :]


def test_the_environment_of_the_image_is_one_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    given = dict(pair.split("=", 1) for line in dockerfile.of("ENV") for pair in line.split())
    ours = {name: value for name, value in given.items() if name.startswith("PLANGATE_")}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (str(settings.catalogue), str(settings.graphs)) == (
        "/project/catalogue.yaml",
        "/project/langgraph.json",
    )


def test_the_image_starts_a_worker_and_asks_the_doctor() -> None:
    assert json.loads(dockerfile.of("ENTRYPOINT")[0]) == ["plangate"]
    assert json.loads(dockerfile.of("CMD")[0]) == ["worker"]
    assert json.loads(dockerfile.of("HEALTHCHECK")[0].partition("CMD ")[2]) == ["plangate", "doctor"]
