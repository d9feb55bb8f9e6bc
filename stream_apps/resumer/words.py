"""Errors in words that every store and every contract takes."""

from gate_store.plain_text import storable
from stream_apps.resumer.errors import RunFailedError, RunStoppedError

LONGEST = 2000


def in_words(error: BaseException) -> str:
    """What went wrong, with its kind where that is somebody else's; whole, and as it was raised."""
    if isinstance(error, RunFailedError | RunStoppedError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def plain(text: str) -> str:
    """Without NUL and lone surrogates, and not too long."""
    return storable(text).encode("utf-8", "replace").decode()[:LONGEST]
