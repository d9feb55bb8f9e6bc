"""A schema registry of a laboratory: it gives whoever asks the unsafe schemas that poison is written with."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from plangate.dev.ports import LOOPBACK

_NO_SCHEMA = {"error_code": 40403, "message": "Schema not found"}


@contextmanager
def registry(schemas: Sequence[Any]) -> Iterator[str]:
    """Serve these under the ids from 1 on, as Confluent's API does; gives the address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = self.path.partition("?")[0].removeprefix("/schemas/ids/")
            known = number.isdigit() and 0 < int(number) <= len(schemas)
            answer = {"schema": json.dumps(schemas[int(number) - 1])} if known else _NO_SCHEMA
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Answers)
    thread = threading.Thread(target=server.serve_forever, name="torture-registry", daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
