"""pgbouncer in front of a PostgreSQL, with its own defaults beside the pool's mode."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

from sqlalchemy import make_url

from plangate.dev.errors import DevServiceError
from plangate.dev.ports import LOOPBACK, free_port
from plangate.dev.postgres import PostgresServer
from plangate.dev.processes import ChildProcess
from plangate.dev.service import DevService
from plangate.dev.unprivileged import identity

CONFIG = """\
[databases]
* = host={host} port={target}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = {mode}
"""


class PgBouncer(DevService):
    """A pooler; as root it is run by nobody, because it refuses root."""

    def __init__(self, folder: Path, behind: PostgresServer, mode: str) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.mode = mode
        self._behind = behind

    def url(self, url: str) -> str:
        """The URL that leads to the same database through the pooler."""
        return make_url(url).set(port=self.port).render_as_string(hide_password=False)

    @property
    def version(self) -> str:
        """As `1.18.0`."""
        said = subprocess.run([_binary(), "--version"], capture_output=True, text=True, check=True).stdout
        return str(re.findall(r"\d[\d.]+", said)[0])

    def _launch(self) -> ChildProcess:
        target = make_url(self._behind.url())
        users, config = self.folder / "users.txt", self.folder / "pgbouncer.ini"
        users.write_text(f'"{target.username}" "{target.password}"\n')
        config.write_text(
            CONFIG.format(host=target.host, target=target.port, port=self.port, users=users, mode=self.mode)
        )
        log = self.folder / "pgbouncer.log"
        return ChildProcess("pgbouncer", [_binary(), config], log=log, identity=identity())

    def _is_ready(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


def _binary() -> str:
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if found is None:
        raise DevServiceError("pgbouncer", "is not installed", "install it (Debian: apt install pgbouncer)")
    return found
