"""Software from Maven is used where it is what the file of hashes says."""

import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from plangate.dev import maven
from plangate.dev.errors import DevServiceError

POM = "<project><properties><software.version>1.2</software.version></properties></project>"
MVN = """\
#!/bin/sh
for word; do case "$word" in -DoutputDirectory=*) cp FILES/* "${word#*=}" ;; esac; done
"""


class Repository:
    """A Maven that brings what lies in `files`."""

    def __init__(self, folder: Path) -> None:
        self.files, self.pom, self.cache = folder / "files", folder / "pom.xml", folder / "cache" / "plangate"
        self.files.mkdir()
        self.pom.write_text(POM)
        self.holds(jar=b"good")
        mvn = folder / "bin" / "mvn"
        mvn.parent.mkdir()
        mvn.write_text(MVN.replace("FILES", str(self.files)))
        mvn.chmod(0o755)

    def holds(self, **files: bytes) -> None:
        for name, content in files.items():
            (self.files / f"a.{name}").write_bytes(content)

    def promises(self) -> None:
        """What it holds is what is meant."""
        sums = [
            f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}" for each in self.files.iterdir()
        ]
        maven.sums_of(self.pom).write_text("\n".join(sums) + "\n")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(tmp_path)
    made.promises()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return made


def test_what_was_named_is_kept(repository: Repository) -> None:
    folder = maven.resolve("Thing", repository.pom)
    assert (folder / "a.jar").read_bytes() == b"good"
    repository.holds(jar=b"other")
    assert maven.resolve("Thing", repository.pom) == folder  # once


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"jar": b"evil"},
            f"a.jar: is not the file that pom.sha256 names: SHA-256 {hashlib.sha256(b'evil').hexdigest()}",
        ),
        ({"class": b"more"}, "a.class: pom.sha256 does not name it"),
    ],
)
def test_anything_else_is_not_used_and_not_kept(
    repository: Repository, change: dict[str, bytes], said: str
) -> None:
    repository.holds(**change)
    with pytest.raises(DevServiceError) as caught:
        maven.resolve("Thing", repository.pom)
    assert str(caught.value) == (
        f"Thing: Maven brought something else: {said}; do not use it; find out who changed it"
    )
    assert [path for path in repository.cache.iterdir() if path.is_dir()] == []


def test_what_does_not_come_is_named(repository: Repository) -> None:
    repository.holds(class_=b"more")
    repository.promises()
    (repository.files / "a.class_").unlink()
    with pytest.raises(DevServiceError, match=r"a\.class_: did not come, though pom\.sha256 names it"):
        maven.resolve("Thing", repository.pom)


def test_an_archive_is_unpacked_when_it_is_the_right_one(repository: Repository) -> None:
    with tarfile.open(repository.files / "all.tar.gz", "w:gz") as archive:
        archive.add(repository.files / "a.jar", "lib/b.jar")
    repository.promises()
    folder = maven.resolve("Thing", repository.pom)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*")) == ["a.jar", "lib/b.jar"]


def test_hashes_are_written_anew_of_what_comes(repository: Repository) -> None:
    repository.holds(jar=b"newer")
    maven.write_sums(repository.pom)
    assert (maven.resolve("Thing", repository.pom) / "a.jar").read_bytes() == b"newer"
