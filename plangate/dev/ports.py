"""Free TCP ports on the loopback address."""

import random
import socket
from collections.abc import Container

LOOPBACK = "127.0.0.1"

# Below Linux's ephemeral range (32768 up): while a service is down, a client that keeps dialling a port of
# that range can be given the very port it dials, connect to itself, and so keep the service from returning.
_PORTS = range(20_000, 32_000)


def free_port(taken: Container[int] = ()) -> int:
    """A port of 127.0.0.1 that nobody listens on now and that is not in `taken`."""
    for port in random.sample(_PORTS, len(_PORTS)):
        if port not in taken and _is_free(port):
            return port
    raise OSError(f"no free port on {LOOPBACK} in {_PORTS.start}-{_PORTS.stop - 1}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
