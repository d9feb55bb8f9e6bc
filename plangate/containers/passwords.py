"""`python -m plangate.containers.passwords FOLDER PARTY=UID …`: a folder of secrets for each party.

Each is a volume that its party alone mounts. Passwords are made once; a repeat writes the same files again.
"""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

BROKER = "broker"  # super user of Kafka, on the loopback address of its container alone
DATABASE = "plangate"
SPEAKING = ("router", "gatekeeper", "resumer", "agent", "reviewer", "auditor", "admin")  # with Kafka
STORING = ("router", "gatekeeper", "resumer", "agent", "reviewer", "auditor")  # with the store
REGISTRY = "registry"  # a database of its own, and its owner
_MADE = "passwords.json"

Files = Mapping[str, str]


def passwords(folder: Path) -> dict[str, str]:
    """The passwords by use, made where they are missing."""
    file = folder / _MADE
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    uses = [BROKER, "postgres", REGISTRY]
    uses += [f"kafka {name}" for name in SPEAKING] + [f"store {name}" for name in STORING]
    made = {use: known.get(use) or secrets.token_urlsafe(24) for use in uses}
    write(file, json.dumps(made), os.getuid())
    return made


def files_of(made: Mapping[str, str]) -> Mapping[str, Files]:
    """What each party finds in its folder."""
    found: dict[str, dict[str, str]] = {
        "kafka": {
            "broker.properties": f"password={made[BROKER]}\n",
            "client.properties": _client(made[BROKER]),
        },
        "postgres": {"password": made["postgres"]},
        REGISTRY: {"registry.properties": f"apicurio.datasource.password={made[REGISTRY]}\n"},
        "setup": {
            "kafka-password": made[BROKER],
            "kafka-users.json": json.dumps({name: made[f"kafka {name}"] for name in SPEAKING}),
            "store-url": _url("postgres", made["postgres"]),
            "store-logins.json": json.dumps({name: made[f"store {name}"] for name in STORING}),
            "registry-password": made[REGISTRY],
        },
    }
    for name in SPEAKING:
        found.setdefault(name, {})["kafka-password"] = made[f"kafka {name}"]
    for name in STORING:
        found[name]["store-url"] = _url(name, made[f"store {name}"])
    return found


def _url(login: str, password: str) -> str:
    return f"postgresql://{login}:{password}@postgres:5432/{DATABASE}"


def _client(password: str) -> str:
    """Options of Kafka's own tools, for the health check in its container."""
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    return (
        "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
        f'sasl.jaas.config={module} required username="{BROKER}" password="{password}";\n'
    )


def write(file: Path, text: str, owner: int) -> None:
    """Replace it whole; nobody but `owner` reads it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    if owner != os.getuid():
        os.chown(partial, owner, -1)
    partial.rename(file)


def main(folder: str, *parties: str) -> None:
    """Write the files of all parties."""
    found = files_of(passwords(Path(folder)))
    owners = dict(party.split("=", 1) for party in parties)
    for name, files in found.items():
        for file, text in files.items():
            write(Path(folder) / name / file, text, int(owners[name]))


if __name__ == "__main__":
    main(*sys.argv[1:])
