"""Where a listener of ours listens: on loopback, unless a host is named."""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """A host and a port; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def address_of(text: str) -> Address:
    """`HOST:PORT`, `[IPV6]:PORT`, or `PORT` alone for loopback. Raises ValueError."""
    host, _, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if is_bracketed else host
    is_a_port = port.isascii() and port.isdigit() and int(port) < 65_536
    if not is_a_port or (":" in host) is not is_bracketed or (not host and ":" in text):
        raise ValueError("not HOST:PORT, [IPV6]:PORT or PORT")
    return Address(host or LOOPBACK, int(port))
