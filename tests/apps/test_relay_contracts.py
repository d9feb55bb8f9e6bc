"""During a rolling deploy one version publishes what another wrote into the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from io import BytesIO
from typing import Any, cast
from uuid import UUID

import fastavro
import msgspec
import pytest

from gate_events import contracts
from gate_events.codec import body_of, decode
from gate_events.errors import UndecodableError
from gate_events.records import PlanProposed
from gate_events.topics import key_of
from gate_policy.catalogue import load_catalogue
from gate_store.engine.port import OutboxRow
from stream_apps.config import AppsConfig
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.relay import Relay
from tests.store.examples import proposed


@dataclass
class Writer:
    sent: list[bytes] = field(default_factory=list)

    async def room(self) -> None: ...

    def send(self, outgoing: Outgoing) -> None:
        assert outgoing.value is not None
        self.sent.append(outgoing.value)
        outgoing.delivered()


def row(contract: str | None) -> OutboxRow:
    plan = proposed()
    return OutboxRow(plan.event_id, "PlanProposed", key_of(plan).decode(), body_of(plan), contract)


async def published(rows: Sequence[OutboxRow], **settings: Any) -> list[bytes]:
    catalogue = load_catalogue("version: 1\nactions: {}\n")
    config = AppsConfig(kafka={"bootstrap.servers": "nowhere"}, store_url="", catalogue=catalogue, **settings)
    writer = Writer()
    await Relay("test", config, cast(KafkaWriter, writer)).publish(list(enumerate(rows)))
    return writer.sent


def ours() -> str:
    return contracts.contract_of(PlanProposed).fingerprint.hex()


@pytest.mark.parametrize("schema_id", [None, 7])
async def test_what_this_version_wrote_is_framed_as_it_writes(schema_id: int | None) -> None:
    settings = {} if schema_id is None else {"schema_id_of": lambda _: schema_id}
    (value,) = await published([row(ours())], **settings)
    assert value[:1] == (b"\xc3" if schema_id is None else b"\x00")
    assert decode(value, PlanProposed, lambda _: contracts.contract_of(PlanProposed).parsed) == proposed()


async def test_what_another_version_wrote_names_its_own_contract() -> None:
    (value,) = await published([row("00" * 8)], schema_id_of=lambda _: 7)
    assert value[:10] == b"\xc3\x01" + bytes(8)


async def test_what_names_no_contract_was_written_with_the_first() -> None:
    (first,) = (each for each in contracts.older() if each.name == "PlanProposed")
    early = replace(row(None), body=in_words_of(first))
    (value,) = await published([early], schema_id_of=lambda _: 7)
    assert value[:10] == contracts.SINGLE_OBJECT + first.fingerprint
    assert decode(value, PlanProposed) == proposed()


def in_words_of(contract: contracts.Contract) -> bytes:
    out = BytesIO()
    plain = msgspec.to_builtins(proposed(), builtin_types=(UUID, datetime))
    fastavro.schemaless_writer(out, contract.parsed, plain, disable_tuple_notation=True)
    return out.getvalue()


@pytest.mark.parametrize("contract", ["zz", "ab", "00" * 9, "\u0661" * 16])
async def test_what_names_no_contract_that_can_be_goes_to_its_topic_and_keeps_nobody_waiting(
    contract: str,
) -> None:
    poison, good = await published([row(contract), row(ours())])
    with pytest.raises(UndecodableError, match="is of no contract"):
        decode(poison, PlanProposed)
    assert decode(good, PlanProposed).event_id == proposed().event_id
