import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from plangate.settings import load_settings
from tests.packaging import dockerfile
from tests.packaging.compose_file import ROOT


def test_every_package_is_checked_against_a_hash() -> None:
    commands = [command for line in dockerfile.of("RUN") for command in line.split("&&")]
    fetching = [c for c in commands if re.search(r"pip install|uv build", c)]
    assert len(fetching) == 5
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


LOSES_A_CHILD = """
import pathlib, subprocess, time
orphan = subprocess.check_output(["sh", "-c", "sleep 0.1 >/dev/null & echo $!"], text=True).strip()
end = time.monotonic() + 3
while pathlib.Path("/proc", orphan).exists() and time.monotonic() < end:
    time.sleep(0.01)
print("reaped" if not pathlib.Path("/proc", orphan).exists() else "zombie")
"""


def test_process_1_of_the_image_takes_in_what_lost_its_parent() -> None:
    """A worker's children start others; whoever dies before its child leaves it to process 1."""
    *init, program = json.loads(dockerfile.of("ENTRYPOINT")[0])
    assert program == "plangate"
    here = [str(Path(sys.executable).with_name(word)) if word == "dumb-init" else word for word in init]
    apart = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    command = [*apart, *here, sys.executable, "-c", LOSES_A_CHILD]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("reaped", "")


def test_the_image_starts_a_worker_and_asks_the_doctor() -> None:
    entry = json.loads(dockerfile.of("ENTRYPOINT")[0])
    assert entry == ["dumb-init", "--single-child", "--", "plangate"]  # who alone tells its processes to stop
    assert json.loads(dockerfile.of("CMD")[0]) == ["worker"]
    healthy = dockerfile.of("HEALTHCHECK")[0].partition("CMD ")[2]
    assert healthy == "plangate doctor --setup || [ $? -eq 2 ]"  # 2: worth a look
