"""`python -m plangate.containers.kafka_setup USERS.json`: Kafka's users by SCRAM, its topics, and their ACLs.

A user is called like its role. Speaks as a super user of the brokers; a repeat changes nothing but passwords.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are public
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from plangate.kafka import acls, topics
from plangate.kafka.clients import admin, cluster
from plangate.kafka.roles import Role, rights_of
from plangate.settings import Settings, load_settings

_HOW = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
_WAIT_S = 30.0


def set_up(settings: Settings, users: Mapping[str, str]) -> None:
    """`users`: a password for each. Raises KafkaException, AclRefusedError, and what `cluster` raises."""
    cluster(settings)  # it answers
    client = admin(settings)
    wanted: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(name, _HOW, word.encode()) for name, word in users.items()
    ]
    for future in client.alter_user_scram_credentials(wanted).values():
        future.result(_WAIT_S)
    topics.create(settings)
    roles = [Role(name) for name in users]
    rights = {role: rights_of(role, settings.topic_prefix) for role in roles}
    acls.apply(
        settings, [acls.Grant(role, f"User:{role}", right) for role in roles for right in rights[role]]
    )


if __name__ == "__main__":
    set_up(load_settings(), json.loads(Path(sys.argv[1]).read_text()))
