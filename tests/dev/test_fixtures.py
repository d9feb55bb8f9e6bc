"""The suite's own fixtures and closing account."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy

from tests import conftest

_HOOKS = [name for name in vars(conftest) if name.startswith("pytest_")]

_SUITE = """
import pytest

def test_on_sqlite(sqlite_url): ...

def test_alone(): ...

def test_skipped():
    pytest.skip("no moon tonight")
"""


def test_the_store_url_leads_to_an_empty_database(store_url: str) -> None:
    engine = sqlalchemy.create_engine(store_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
    engine.dispose()


def _run(folder: Path, *, path: str, ci: str) -> str:
    repository = Path(__file__).parents[2]
    (folder / "conftest.py").write_text(
        f"from tests.conftest import *\nfrom tests.conftest import {', '.join(_HOOKS)}\n"
    )
    command: list[str | Path] = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", folder]
    environment = {"PATH": path, "CI": ci, "PYTHONPATH": str(repository)}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=folder
    ).stdout


def test_the_account_counts_services_and_names_the_skipped(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(_SUITE)
    said = _run(tmp_path, path="/usr/bin:/bin", ci="false")
    assert "SQLite 3" in said
    assert "no service: 1 tests" in said
    assert "skipped: 1 tests: no moon tonight" in said


@pytest.mark.parametrize(("ci", "closing"), [("false", "1 skipped"), ("true", "1 error")])
def test_a_missing_service_is_a_skip_here_and_an_error_in_ci(tmp_path: Path, ci: str, closing: str) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(kafka): ...\n")
    said = _run(tmp_path, path="", ci=ci)
    assert "java is not on the PATH" in said
    assert closing in said.splitlines()[-1]
