"""Makes a server of ours speak TLS and open a socket, and writes URLs that lead to it in these ways."""

import shutil
from pathlib import Path
from urllib.parse import quote, urlencode

from sqlalchemy import make_url

from plangate.dev.postgres import PostgresServer
from plangate.dev.unprivileged import identity
from tests.connections.certificates import Certificates


def reachable(folder: Path, certificates: Certificates) -> PostgresServer:
    key, socket = folder / "server.key", folder / "socket"
    shutil.copy(certificates.server_key, key)
    key.chmod(0o600)
    socket.mkdir()
    for path in (key, socket):
        if who := identity():
            shutil.chown(path, who["user"], who["group"])
    settings = {
        "ssl": "on",
        "ssl_cert_file": certificates.server,
        "ssl_key_file": key,
        "ssl_ca_file": certificates.ca,
        "unix_socket_directories": socket,
    }
    return PostgresServer(folder, durable=False, settings=settings)


def socket_folder(server: PostgresServer) -> Path:
    return server.folder / "socket"


def url_with(url: str, *, host: str | None = None, **parameters: str) -> str:
    """The same database by another host and with more of libpq's parameters."""
    parts = make_url(url)
    user = f"{quote(parts.username or '', safe='')}:{quote(parts.password or '', safe='')}"
    where = f"{parts.host}:{parts.port}" if host is None else host
    query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
    return f"postgresql://{user}@{where}/{parts.database}{query}"
