"""Secrets from files, and files that only their owner can read."""

import logging
import os
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gate_events.records import PlanProposed
from gate_store.engine.open import open_engine_store
from gate_store.savers.open import open_saver
from plangate.dev.stack import services
from plangate.settings import SettingsError, load_settings
from plangate.wiring import schema_ids
from plangate.worker import logs
from producers.submit import asubmit
from stream_apps.spool import Spool
from tests.cli.commands import SECRET, Shell
from tests.producers import graphs
from tests.stores import migrated

URL = f"postgresql://me:{SECRET}@127.0.0.1:1/gates"
VARIABLES = ("STORE_URL", "KAFKA_SASL_PASSWORD", "SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO")


@pytest.fixture
def in_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(f"{URL}\n")
    return file


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0o000)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: mode(file) for file in folder.iterdir()}


@pytest.fixture
def _workers_log() -> Iterator[None]:
    """What a worker logs, in this process; set back afterwards."""
    before = {name: logging.getLogger(name).level for name in logs.CHATTY}
    logs.configure()
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def test_a_secret_is_read_from_the_file_that_its_variable_names(
    in_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(f"PLANGATE_{name}_FILE", str(in_file))
    settings = load_settings()
    assert settings.store_url == URL
    assert settings.kafka == {"sasl.password": URL}
    assert settings.schema_registry == {"basic.auth.user.info": URL}
    assert SECRET not in repr(settings)


def test_a_file_that_librdkafka_reads_itself_stays_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANGATE_KAFKA_SASL_OAUTHBEARER_ASSERTION_FILE", "/run/assertion")
    assert load_settings().kafka == {"sasl.oauthbearer.assertion.file": "/run/assertion"}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_secret_that_is_given_twice_or_not_at_all_is_one_line_without_it(
    in_file: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"PLANGATE_{name}_FILE", str(in_file))
    monkeypatch.setenv(f"PLANGATE_{name}", URL)
    with pytest.raises(SettingsError, match=f"PLANGATE_{name}_FILE are both set") as twice:
        load_settings()
    monkeypatch.delenv(f"PLANGATE_{name}")
    in_file.write_bytes(SECRET.encode() + b"\xff")
    with pytest.raises(SettingsError, match="is no text in UTF-8") as binary:
        load_settings()
    in_file.unlink()
    with pytest.raises(SettingsError, match="no such file or directory") as missing:
        load_settings()
    for error in (twice, binary, missing):
        assert SECRET not in str(error.value)
        assert len(str(error.value).splitlines()) == 1


def test_a_misspelt_file_of_a_secret_is_refused(shell: Shell, in_file: Path) -> None:
    shell = shell.with_(PLANGATE_STORE_URL_FIEL=str(in_file))
    shell.run("pending").complains("PLANGATE_STORE_URL_FIEL: no such setting", "PLANGATE_STORE_URL_FILE")


async def test_an_agent_finds_its_store_by_file_as_well(
    sqlite_url: str, in_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated(sqlite_url)
    assert in_file.write_text(sqlite_url)  # noqa: ASYNC240 - a line
    monkeypatch.setenv("PLANGATE_STORE_URL_FILE", str(in_file))
    assert (await asubmit(graphs.gated(), {"who": ["ann"]}, name="billing")).plan_id


@pytest.mark.usefixtures("_open_umask")
async def test_a_sqlite_store_is_for_its_owner_alone(sqlite_url: str, tmp_path: Path) -> None:
    migrated(sqlite_url)
    engine = open_engine_store(sqlite_url)
    await engine.open()
    async with open_saver(sqlite_url):
        modes = modes_in(tmp_path)
    assert modes.pop("plangate.db-wal") == 0o600
    assert set(modes.values()) == {0o600}
    await engine.close()


@pytest.mark.usefixtures("_open_umask")
async def test_a_file_that_a_saver_makes_is_for_its_owner_alone(sqlite_url: str, tmp_path: Path) -> None:
    async with open_saver(sqlite_url) as saver:
        await saver.setup()
    assert mode(tmp_path / "plangate.db") == 0o600


@pytest.mark.usefixtures("_open_umask")
async def test_a_kept_dead_letter_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    await Spool(folder).keep(b"key", SECRET.encode(), [], "too large")
    (kept,) = folder.iterdir()
    assert (mode(folder), mode(kept)) == (0o700, 0o600)


@pytest.mark.usefixtures("_open_umask")
def test_what_the_development_stack_keeps_is_for_its_owner_alone(tmp_path: Path) -> None:
    with services(tmp_path / "dev", "mock", None):
        assert mode(tmp_path / "dev") == 0o700
        assert mode(tmp_path / "dev" / "store.db") == 0o600


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.mark.usefixtures("_workers_log")
def test_the_registrys_password_stands_in_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = f"http://me:{SECRET}@127.0.0.1:{server.server_port}"
        monkeypatch.setenv("PLANGATE_SCHEMA_REGISTRY_URL", where)
        caplog.set_level(logging.INFO)
        ids = schema_ids(load_settings())
        assert ids is not None
        with pytest.raises(Exception) as refused:  # noqa: PT011 - its words are looked at
            ids.id_for(PlanProposed, "plans")
        server.shutdown()
    assert SECRET not in f"{caplog.text} {refused.value} {refused.value!r}"
