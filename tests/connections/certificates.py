"""A private CA, another one, a certificate for `localhost` alone, and one of a client."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KEY_PASSWORD = "p %&=+'\"\\ß"  # noqa: S105 - a test's own
_DAY = timedelta(days=1)


class Certificates:
    """PEM files below a folder."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.other_ca = folder / "ca.pem", folder / "other.pem"
        self.server, self.server_key = folder / "server.pem", folder / "server.key"
        key, ca = _authority("the right CA")
        self.ca.write_bytes(_pem(ca))
        self.other_ca.write_bytes(_pem(_authority("another CA")[1]))
        self.client, self.client_key = folder / "client.pem", folder / "client.key"
        own, theirs = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        begun = _begun("localhost", own.public_key(), ca.subject).add_extension(names, critical=False)
        self.server.write_bytes(_pem(begun.sign(key, hashes.SHA256())))
        self.server_key.write_bytes(_key(own, serialization.NoEncryption()))
        begun = _begun("postgres", theirs.public_key(), ca.subject)
        self.client.write_bytes(_pem(begun.sign(key, hashes.SHA256())))
        secret = serialization.BestAvailableEncryption(KEY_PASSWORD.encode())
        self.client_key.write_bytes(_key(theirs, secret))
        self.client_key.chmod(0o600)


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    limits = x509.BasicConstraints(ca=True, path_length=0)
    begun = _begun(name, key.public_key(), _name(name)).add_extension(limits, critical=True)
    return key, begun.sign(key, hashes.SHA256())


def _begun(name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key(key: ec.EllipticCurvePrivateKey, secret: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
