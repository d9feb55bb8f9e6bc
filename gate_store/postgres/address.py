"""What a store URL says of PostgreSQL. libpq reads it: it means to every client what it means to psql."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlencode

from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gate_store.postgres.errors import StoreUrlError
from gate_store.postgres.parameters import refuse_what_differs

POSTGRES = ("postgresql://", "postgres://")
CONNECT_S = 10  # for each host; libpq alone would wait for minutes where nobody answers
SOCKET_FOLDER = "/var/run/postgresql"  # where no host is named; clients would look in folders of their own

_PORT = "5432"
_SPELL_OUT = "in a user or password, write % as %25, @ as %40, : as %3A, / as %2F, ? as %3F, a blank as %20"
# A service's values stand in their own places; the encoding is ours to say, always.
_NOT_TAKEN = {"service", "client_encoding"}


@dataclass(frozen=True)
class Address:
    """How a database is reached. It may hold passwords: they stand in no repr and no message."""

    given: tuple[tuple[str, str], ...] = field(repr=False)  # libpq's parameters, as the URL has them

    @classmethod
    def of(cls, url: str) -> "Address":
        """Read a `postgresql://` URL.

        Raises StoreUrlError where libpq does not understand it, or a client cannot do what it says.
        """
        _refuse_ambiguous(url)
        try:
            parameters = {name: str(value) for name, value in conninfo_to_dict(url).items()}
        except ProgrammingError:  # its words quote the URL
            raise StoreUrlError(f"libpq does not understand it; {_SPELL_OUT}") from None
        parameters["host"] = parameters.get("host") or _from_environment().get("host") or SOCKET_FOLDER
        refuse_what_differs({**_from_environment(), **parameters})
        address = cls(tuple(sorted(parameters.items())))
        if not address.hosts or not address.all.get("user"):
            raise StoreUrlError("it names no user; write postgresql://USER@HOST/DB")
        return address

    @cached_property
    def all(self) -> Mapping[str, str]:
        """Libpq's parameters by name: the URL's, else those of the environment (PG…), else libpq's own."""
        found = {"connect_timeout": str(CONNECT_S), **_from_environment(), **dict(self.given)}
        return {"dbname": found.get("user", ""), **found}

    @cached_property
    def hosts(self) -> list[tuple[str, int]]:
        """Each host, or folder of a socket, with its port, in the order in which they are tried."""
        hosts = [host or SOCKET_FOLDER for host in self.all["host"].split(",")]
        ports = (self.all.get("port") or _PORT).split(",")
        ports = ports * len(hosts) if len(ports) == 1 else ports
        if len(ports) != len(hosts):
            few_or_many = f"{len(hosts)} hosts and {len(ports)} ports"
            raise StoreUrlError(f"it names {few_or_many}; give each host its port, or all of them one")
        return [(_host(host), _number(port or _PORT)) for host, port in zip(hosts, ports, strict=True)]

    def conninfo(self, name: str) -> str:
        """The parameters for libpq. `name` is shown in pg_stat_activity where nothing else is given."""
        ours = {"connect_timeout": self.all["connect_timeout"], "fallback_application_name": name}
        return make_conninfo(**{**ours, **dict(self.given), "client_encoding": "utf8"})

    @property
    def shown(self) -> str:
        """The URL without its secrets."""
        elsewhere = {"user", "host", "port", "dbname"}
        kept = {name: value for name, value in self.given if name not in elsewhere | _secret_names()}
        where = ",".join(_authority(host, port) for host, port in self.hosts)
        query = f"?{urlencode(kept, quote_via=quote)}" if kept else ""
        user, database = (quote(self.all[name], safe="") for name in ("user", "dbname"))
        return f"postgresql://{user}@{where}/{database}{query}"


def _refuse_ambiguous(url: str) -> None:
    """What libpq would read otherwise than it was meant, pieces of passwords among it."""
    before, _, after = url.partition("://")[2].partition("@")
    if "@" in after or (after and "/" in before):
        raise StoreUrlError(f"an @ stands in it that does not end its user and password; {_SPELL_OUT}")
    names = [part.partition("=")[0] for part in (after or before).partition("?")[2].split("&")]
    known = {"ssl", *(option.keyword.decode() for option in pq.Conninfo.get_defaults())}  # ssl=true is JDBC's
    for name in filter(None, names):
        if names.count(name) > 1:
            raise StoreUrlError(f"{name} stands in it twice; write several hosts as HOST:PORT,HOST:PORT")
        if name not in known:
            raise StoreUrlError(f"libpq has no parameter {name!r}; mend its name, or leave it out")


def _from_environment() -> dict[str, str]:
    """What libpq takes where the URL says nothing."""
    found = {option.keyword.decode(): option.val for option in pq.Conninfo.get_defaults()}
    return {name: value.decode() for name, value in found.items() if value and name not in _NOT_TAKEN}


def _secret_names() -> set[str]:
    """Libpq knows which of its parameters are not to be shown."""
    return {option.keyword.decode() for option in pq.Conninfo.get_defaults() if option.dispchar}


def _host(host: str) -> str:
    if host.startswith("/"):
        return host
    if "@" in host:
        raise StoreUrlError("a host begins with @ or holds one; name a host, an address or a folder")
    if ":" in host:
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            raise StoreUrlError("a host holds a colon; write HOST:PORT/DB, or ?host=HOST&port=PORT") from None
    return host


def _number(port: str) -> int:
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        raise StoreUrlError(f"a port is no number from 1 to 65535; mend it, or, {_SPELL_OUT}")
    return int(port)


def _authority(host: str, port: int) -> str:
    return f"{f'[{host}]' if ':' in host else quote(host, safe='')}:{port}"
