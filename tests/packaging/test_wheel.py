import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.compose_file import ROOT
from tests.packaging.fresh import Fresh, build_and_install

PACKAGES = {"gate_events", "gate_policy", "gate_store", "stream_apps", "producers", "plangate"}
TEXTS = ("GPL-3.0", "LGPL-3.0", "MPL-2.0")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Fresh:
    return build_and_install(tmp_path_factory.mktemp("wheel"))


def _names(fresh: Fresh) -> set[str]:
    return set(zipfile.ZipFile(fresh.wheel).namelist())


def _files_of(*folders: str, suffix: str) -> set[str]:
    found = (path for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}"))
    return {str(path.relative_to(ROOT)) for path in found}


def test_nothing_but_the_six_packages_is_at_the_top(fresh: Fresh) -> None:
    top = {name.split("/")[0] for name in _names(fresh)}
    (info,) = (name for name in top if name.endswith(".dist-info"))
    assert top - {info} == PACKAGES


def test_every_module_and_every_data_file_of_the_packages_is_in_the_wheel(fresh: Fresh) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= _names(fresh)
    assert "gate_store/migrations/script.py.mako" in wanted
    assert "plangate/demo/langgraph.json" in wanted


def test_contracts_and_examples_travel_as_data(fresh: Fresh) -> None:
    contracts = {
        name.replace("schemas/", "gate_events/_schemas/", 1) for name in _files_of("schemas", suffix=".avsc")
    }
    examples = {
        name.replace("examples/", "plangate/_examples/", 1) for name in _files_of("examples", suffix=".yaml")
    }
    assert len(contracts) >= 9
    assert len(examples) >= 4
    assert contracts | examples <= _names(fresh)


def test_every_package_says_that_it_is_typed(fresh: Fresh) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= _names(fresh)


def test_the_licence_and_the_notices_of_others_are_in_the_wheel(fresh: Fresh) -> None:
    for file in ("LICENSE", "THIRD_PARTY_NOTICES", *(f"licences/{name}.txt" for name in TEXTS)):
        (inside,) = (name for name in _names(fresh) if name.endswith(f".dist-info/licenses/{file}"))
        assert zipfile.ZipFile(fresh.wheel).read(inside) == (ROOT / file).read_bytes()


def test_the_sdist_holds_what_make_test_needs(fresh: Fresh) -> None:
    with tarfile.open(fresh.sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"Makefile", "requirements.lock", "scripts/bootstrap.sh", "scripts/uv.lock", "pyproject.toml"}
    assert wanted | _files_of("tests", "benchmarks", suffix=".py") <= inside


def test_the_wheel_is_what_gets_imported_and_no_checkout(fresh: Fresh, tmp_path: Path) -> None:
    code = (
        "import json, sys; from importlib import import_module;"
        f"print(json.dumps([[import_module(p).__file__ for p in {PACKAGES}], sys.path]))"
    )
    files, path = json.loads(fresh.run("python", "-c", code, cwd=tmp_path).stdout)
    assert all(Path(file).is_relative_to(fresh.site_packages) for file in files)
    assert str(ROOT) not in path


def test_the_contracts_are_found_from_any_folder(fresh: Fresh, tmp_path: Path) -> None:
    code = (
        "from gate_events import contracts; from gate_events.topics import TOPIC_OF;"
        "print(contracts.folder(), len({contracts.contract_of(record).fingerprint for record in TOPIC_OF}))"
    )
    done = fresh.run("python", "-c", code, cwd=tmp_path)
    assert done.stdout.split() == [str(fresh.site_packages / "gate_events/_schemas"), "11"], done.stderr


def test_the_migrations_run_on_a_new_store(fresh: Fresh, tmp_path: Path) -> None:
    store = {"PLANGATE_STORE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    done = fresh.run("plangate", "store", "upgrade", "--json", cwd=tmp_path, **store)
    assert (done.returncode, json.loads(done.stdout or "0")) == (0, {"behind": None}), done.stderr


def test_the_command_says_its_version(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh.run("plangate", "--version", cwd=tmp_path)
    assert done.stdout.strip() == f"plangate {fresh.wheel.name.split('-')[1]}", done.stderr


def test_the_command_says_what_it_can_do(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh.run("plangate", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in ("demo", "dev", "worker", "approve", "doctor"))


@pytest.mark.parametrize("catalogue", sorted(path.name for path in (ROOT / "examples/catalogues").iterdir()))
def test_the_example_catalogues_are_in_order(fresh: Fresh, tmp_path: Path, catalogue: str) -> None:
    file = fresh.site_packages / "plangate/_examples/catalogues" / catalogue
    done = fresh.run("plangate", "catalogue", "check", str(file), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_project_is_made_from_the_wheel(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh.run("plangate", "init", "my-agent", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = {file.name: file.read_text() for file in (tmp_path / "my-agent").iterdir()}
    assert made.keys() == {file.name for file in (ROOT / "examples/refunds").iterdir() if file.is_file()}
    assert made["graph.py"] == (ROOT / "examples/refunds/graph.py").read_text()


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel(fresh: Fresh, tmp_path: Path) -> None:
    done = fresh.run("plangate", "demo", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["inquiries"] == 200
    assert (result["duplicate_emails"], result["unapproved_effects"], result["runs_unfinished"]) == (0, 0, 0)
    assert result["emails_delivered"] > 0
