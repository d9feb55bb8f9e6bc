"""A private CA, another one, a certificate for `localhost` alone, and one of a client."""

from pathlib import Path

from tests.certificates import Authority

KEY_PASSWORD = "p %&=+'\"\\ß"  # noqa: S105 - a test's own


class Certificates:
    """PEM files below a folder."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.other_ca = folder / "ca.pem", folder / "other.pem"
        self.server, self.server_key = folder / "server.pem", folder / "server.key"
        self.client, self.client_key = folder / "client.pem", folder / "client.key"
        authority = Authority("the right CA")
        self.ca.write_bytes(authority.pem)
        self.other_ca.write_bytes(Authority("another CA").pem)
        _write(authority.issue("localhost", ["localhost"]), self.server, self.server_key)
        _write(authority.issue("postgres", password=KEY_PASSWORD), self.client, self.client_key)
        self.client_key.chmod(0o600)


def _write(issued: tuple[bytes, bytes], *files: Path) -> None:
    for text, file in zip(issued, files, strict=True):
        file.write_bytes(text)
