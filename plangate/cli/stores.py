"""How a command reads the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from gate_store.database import open_store
from plangate.cli.dev_folder import must_not_be_a_second_one
from plangate.cli.failures import CommandError
from plangate.settings import Settings


def must_be_there(settings: Settings) -> None:
    """Look for a SQLite file first, since connecting would make an empty one. Raises CommandError."""
    if _would_be_made(settings):
        must_not_be_a_second_one(settings)
        file = settings.store_url.removeprefix("sqlite:///")
        mend = "start `plangate dev` here, or run `plangate store upgrade`"
        raise CommandError(f"the store {file} does not exist", mend)


def may_be_made(settings: Settings) -> None:
    """Raises CommandError where it would stand beside the one of `plangate dev`."""
    if _would_be_made(settings):
        must_not_be_a_second_one(settings)


def _would_be_made(settings: Settings) -> bool:
    file = settings.store_url.removeprefix("sqlite:///")
    return file != settings.store_url and not Path(file).is_file()


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
