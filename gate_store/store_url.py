"""The store's URL: of which kind it is, and how it is shown."""

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from gate_store.postgres.address import POSTGRES, Address
from gate_store.postgres.errors import StoreUrlError

SQLITE = "sqlite:///"
IN_MEMORY = ":memory:"

_OWNER_ALONE = 0o600


def is_postgres(url: str) -> bool:
    """Whether a store URL names PostgreSQL. Raises StoreUrlError where it names no store at all."""
    if url.startswith(POSTGRES):
        return True
    if url.startswith(SQLITE):
        return False
    raise StoreUrlError(
        "it is no sqlite:///FILE and no postgresql://USER:PASSWORD@HOST/DB; write one of them"
    )


def check_url(url: str) -> None:
    """Read it, without connecting. Raises StoreUrlError, whose words show no value of it."""
    if is_postgres(url):
        Address.of(url)
    else:
        sqlite_path(url)


def shown(url: str) -> str:
    """The URL without its secrets. Raises StoreUrlError."""
    return Address.of(url).shown if is_postgres(url) else url


def sqlite_path(url: str) -> str:
    """The file that a `sqlite:///FILE` names, or `:memory:`. Raises StoreUrlError."""
    if "?" in url:
        raise StoreUrlError("a ? stands behind sqlite:///FILE; write one in the file's name as %3F")
    return unquote(url.removeprefix(SQLITE)) or IN_MEMORY


def private_sqlite_path(url: str) -> str:
    """The same; a file that is missing is made for its owner alone. SQLite gives the WAL its file's mode."""
    path = sqlite_path(url)
    if path != IN_MEMORY:
        with suppress(OSError):  # it is there; or cannot be made, which SQLite says in its own words
            os.close(os.open(Path(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ALONE))
    return path
