"""How a command reads the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from gate_store.database import open_store
from plangate.cli.failures import CommandError
from plangate.settings import Settings


def must_be_there(settings: Settings) -> None:
    """Look for a SQLite file first, since connecting would make an empty one. Raises CommandError."""
    file = settings.store_url.removeprefix("sqlite:///")
    if file != settings.store_url and not Path(file).is_file():
        raise CommandError(f"the store {file} does not exist", "run `plangate store upgrade`")


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """A connection. Raises CommandError, SQLAlchemy's OperationalError."""
    must_be_there(settings)
    engine = open_store(settings.store_url)
    try:
        with engine.connect() as conn:
            yield conn
    finally:
        engine.dispose()
