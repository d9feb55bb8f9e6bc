"""PostgreSQL in a child process: a server of our own on 127.0.0.1, as root run by nobody."""

import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg
from psycopg import sql

from plangate.dev.errors import DevServiceError
from plangate.dev.ports import LOOPBACK, free_port
from plangate.dev.postgres_binaries import find_binaries
from plangate.dev.processes import ChildProcess
from plangate.dev.service import DevService
from plangate.dev.unprivileged import ENTERED_BY_NOBODY, barrier, identity

_NAME = "PostgreSQL"
_DEFAULT_DATABASE = "plangate"
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "password_encryption": "md5",  # SCRAM costs each connection as much as all the rest of it
}


class PostgresServer(DevService):
    """A server on a loopback port, with a password that only its owner can read; it opens no Unix socket.

    `durable=False` gives up crash safety for speed, for tests that throw the data away. `settings` are
    PostgreSQL's own, over ours.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        durable: bool = True,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(folder)
        self._more_settings = settings or {}
        self.port = port or free_port()
        self._durable = durable
        self._identity = identity()
        if self._identity:
            self._mode = ENTERED_BY_NOBODY

    def url(self, database: str = _DEFAULT_DATABASE) -> str:
        """A database's address, `postgresql://postgres:PASSWORD@127.0.0.1:PORT/DATABASE`.

        It is the same over restarts.
        """
        where = f"{LOOPBACK}:{self.port}/{quote(database)}"
        return f"postgresql://postgres:{self._password_file().read_text()}@{where}"

    @property
    def version(self) -> str:
        """The version of PostgreSQL that is run, as `15.18`."""
        said = subprocess.run(  # noqa: S603 - found by find_binaries
            [self._binary("postgres"), "--version"], capture_output=True, text=True, check=True
        )
        match = re.search(r"\d+(\.\d+)*", said.stdout)
        return match[0] if match else said.stdout.strip()

    def start(self) -> None:
        """Start and wait until it serves, the database `plangate` made. Raises DevServiceError."""
        super().start()
        if not self._has(_DEFAULT_DATABASE):
            self.create_database(_DEFAULT_DATABASE)

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL. Raises psycopg.errors.DuplicateDatabase."""
        self._run("CREATE DATABASE {}", name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop the database if it exists, ending the connections to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _launch(self) -> ChildProcess:
        data = self.folder / "data"
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        return ChildProcess(
            _NAME,
            [self._binary("postgres"), "-D", data, *self._settings()],
            log=self.folder / "postgres.log",
            stop_signal=signal.SIGINT,  # fast shutdown; SIGTERM would wait for every client to leave
            death_signal=signal.SIGQUIT,  # immediate shutdown, which also ends the backends
            identity=self._identity,
        )

    def _is_ready(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self, data: Path) -> None:
        shutil.rmtree(data, ignore_errors=True)  # left by an initdb that was killed half-way
        data.mkdir(mode=0o700)
        if self._identity:
            if closed := barrier(data):
                raise DevServiceError(
                    _NAME,
                    f"runs as nobody here, because it refuses root, and nobody cannot enter {closed}",
                    "choose a data folder outside it, for example below /var/tmp, or run as an ordinary user",
                )
            shutil.chown(data, self._identity["user"], self._identity["group"])
        initdb = [str(self._binary("initdb")), "-D", str(data)]
        initdb += ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"]
        initdb += [
            f"--auth={'scram-sha-256' if self._durable else 'md5'}",
            f"--pwfile={self._password_file()}",
        ]
        done = subprocess.run(  # noqa: S603 - found by find_binaries, arguments of ours
            [*initdb, *([] if self._durable else ["--no-sync"])],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            **self._identity,
        )
        if done.returncode != 0:
            raise DevServiceError(_NAME, f"initdb failed in {data}", done.stderr.strip())

    def _password_file(self) -> Path:
        """Made once: the database keeps its password over restarts. Whoever runs the server reads it, too."""
        file = self.folder / "password"
        if not file.exists():
            partial = file.with_suffix(".partial")
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(24))
            if self._identity:
                shutil.chown(partial, self._identity["user"], self._identity["group"])
            partial.rename(file)
        return file

    def _settings(self) -> list[str]:
        settings: dict[str, object] = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            "unix_socket_directories": "",
        }
        settings |= {**({} if self._durable else _FAST), **self._more_settings}
        return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]

    def _binary(self, name: str) -> Path:
        return find_binaries() / name

    def _has(self, database: str) -> bool:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        return found is not None

    def _run(self, statement: LiteralString, database: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(database)))
