"""What an error of the infrastructure means, in words for whoever operates it, with the mend."""

import errno
import sqlite3
from collections.abc import Iterator

# SQLSTATEs of PostgreSQL. A failed connection attempt of psycopg has none: then the server's words tell.
_STATES = {
    "08001": "nobody listens there; it is waited for",
    "08003": "the connection was cut; it is made anew",
    "08006": "the connection was cut; it is made anew",
    "53100": "the disk of PostgreSQL is full; free space there",
    "53200": "PostgreSQL is out of memory; give it more, or others less",
    "53300": "PostgreSQL has no connection left for us; raise max_connections or the role's limit",
    "55P03": "another session holds a lock in the store; pg_locks tells which, end it",
    "57014": "PostgreSQL broke a statement off: it took too long, or somebody cancelled it",
    "57P01": "PostgreSQL was stopped; it is waited for",
    "57P02": "PostgreSQL crashed; it is waited for",
    "57P03": "PostgreSQL is starting, stopping or recovering; it is waited for",
    "25006": "the database is read-only: name the primary in the store's URL, or let it be written again",
    "28000": "PostgreSQL does not let us in; look at the role and at pg_hba.conf",
    "28P01": "PostgreSQL does not take our password; set the right one in the store's URL",
    "3D000": "the database does not exist; create it or name another in the store's URL",
    "42501": "our role may not do this; `plangate store roles` gives each what it needs",
}
_SAID = {
    "too many clients": "53300",
    "too many connections": "53300",
    "remaining connection slots": "53300",
    "the database system is": "57P03",
    "Connection refused": "08001",
    "closed the connection": "08006",
    "connection was closed": "08006",
    "cannot switch to state": "08006",  # asyncpg, cut off in the middle
    "not permitted to log in": "28000",
    "no pg_hba.conf entry": "28000",
    "password authentication failed": "28P01",
}
# Of TLS there are only words: libpq's and Python's. The first that fit tell.
_ANOTHER_HOST = "PostgreSQL's certificate is for another host; name that one in the store's URL"
_NO_TLS = "PostgreSQL offers no TLS; set ssl=on there, or another sslmode in the store's URL"
_TLS = {
    "does not match host name": _ANOTHER_HOST,
    "Hostname mismatch": _ANOTHER_HOST,
    "IP address mismatch": _ANOTHER_HOST,
    "certificate verify failed": "PostgreSQL's certificate is of no CA in sslrootcert; name its CA's file",
    "does not support SSL": _NO_TLS,
    "rejected SSL upgrade": _NO_TLS,
}
_SQLITE = {
    sqlite3.SQLITE_FULL: "the disk of the store is full; free space there",
    sqlite3.SQLITE_IOERR: "the store's file cannot be read or written; look at its disk",
    sqlite3.SQLITE_BUSY: "another process has the store locked; it is waited for",
    sqlite3.SQLITE_READONLY: "the store's file is read-only; let this user write it and its folder",
    sqlite3.SQLITE_CANTOPEN: "the store's file cannot be opened; see that it exists and is ours",
}
_SYSTEM = {
    errno.ENOSPC: "the disk is full; free space there",
    errno.EDQUOT: "the disk quota is used up; free space there",
    errno.EROFS: "the file system is read-only; mount it for writing",
    errno.EACCES: "this user may not write there; give it the right",
    errno.ECONNREFUSED: "nobody listens there; it is waited for",
}


def in_plain_words(error: BaseException) -> str:
    """What is the matter and what to do, and in brackets what the system itself said."""
    said = first_line(error)
    words = next((words for each in causes(error) if (words := _meaning(each))), None)
    return f"{words} ({said})" if words else said


def sqlstate(error: BaseException) -> str:
    """The server's code, or one that its words stand for, or nothing."""
    state = getattr(error, "sqlstate", None)
    if state:
        return str(state)
    said = str(error)
    return next((code for words, code in _SAID.items() if words in said), "")


def first_line(error: BaseException | None) -> str:
    """An error's kind and its first line."""
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _meaning(error: BaseException) -> str | None:
    """What is the matter and what to do; None: an error that we have no words for."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None) or 0
        return _SQLITE.get(code & 0xFF)
    if isinstance(error, OSError) and (words := _SYSTEM.get(error.errno or 0)):
        return words
    return _STATES.get(sqlstate(error)) or of_tls(error)


def of_tls(error: BaseException) -> str | None:
    """What is wrong with TLS and what to do; None: something else is wrong."""
    said = str(error)
    return next((words for theirs, words in _TLS.items() if theirs in said), None)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what the driver said beneath it, and what it came from."""
    while error is not None:
        yield error
        driver = getattr(error, "orig", None)
        if isinstance(driver, BaseException):
            yield driver
        error = error.__cause__
