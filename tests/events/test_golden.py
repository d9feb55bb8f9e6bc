"""Bytes, digests and ids that are out in the world: a change here breaks those who hold them."""

from uuid import UUID

from gate_events.codec import decode, encode, to_json
from gate_events.contracts import _fingerprint, contract_of, older
from gate_events.digest import plan_digest, step_digest
from gate_events.ids import PLANGATE, effect_key, plan_id_of_pause, request_id
from gate_events.records import PlanProposed
from gate_events.topics import TOPICS
from gate_events.words import RequestKind, Timing
from tests.events.samples import PLAN, RUN, SMALL_PLAN

BODY = (
    "4836666134353965612d656538612d336361342d383934652d646237376531363033353565"  # event_id
    "4837643434343834302d396463302d313164312d623234352d356666646365373466616432"  # plan_id
    "02"  # revision 1
    "80c88dc8cc81a606"  # proposed_at
    "167376632d62696c6c696e67"  # proposer
    "0c62696c6c6572000000"  # agent
    "0c72656d696e64"  # goal
    "02"  # one step
    "0c6d61696c2d31"  # step_id
    "14656d61696c2e73656e64"  # action_type
    "4c7b22746f223a22657661406578616d706c652e636f6d222c22616d6f756e74223a31322e357d"  # arguments
    "00"  # no claimed tier
    "00"  # no order of its own
    "00"  # no more steps
    "00"  # no run
    "00"  # no signature
)
JSON = (
    '{"event_id":"6fa459ea-ee8a-3ca4-894e-db77e160355e","plan_id":"7d444840-9dc0-11d1-b245-5ffdce74fad2",'
    '"revision":1,"proposed_at":"2026-03-02T08:30:00Z","proposer":"svc-billing",'
    '"agent":{"name":"biller","model":null,"prompt_version":null,"tools":null},"goal":"remind",'
    '"steps":[{"step_id":"mail-1","action_type":"email.send",'
    '"arguments":{"to":"eva@example.com","amount":12.5},"claimed_tier":null,"after":null}],"run":null,"signature":null}'
)
DIGEST = "42b3d3eda36d23c0537de35f0002a7cbc8dec1cec9344250450bed2aaa84cebb"
DIGEST_WITH_RUN = "3b36beb699ffb375867709e1696fabb55d4bf8f044cf167968e1400e26cf39d4"
STEP_DIGEST = "c6a6e4de200fec6cd56fbafb5823a0d2a9ef7ab07011aecf382517b5889a77e4"


BEFORE = BODY[: -len("00" * 4)] + "0000"  # without the order of the step and the signature
JSON_BEFORE = JSON.replace(',"after":null', "").replace(',"signature":null', "")


def test_the_bytes_of_a_small_plan_in_single_object_encoding() -> None:
    assert encode(SMALL_PLAN).hex() == "c301" + "a1a146d6c6a61d3a" + BODY


def test_the_bytes_of_a_small_plan_in_confluent_framing() -> None:
    assert encode(SMALL_PLAN, 7).hex() == "00" + "00000007" + BODY


def test_the_bytes_of_a_small_plan_in_plain_json() -> None:
    assert to_json(SMALL_PLAN).decode() == JSON


def test_these_bytes_are_read() -> None:
    assert decode(bytes.fromhex("c301a1a146d6c6a61d3a" + BODY), PlanProposed) == SMALL_PLAN
    assert decode(JSON.encode(), PlanProposed) == SMALL_PLAN


def test_the_bytes_of_the_first_contract_are_read() -> None:
    assert decode(bytes.fromhex("c301db7d53196a97ffad" + BEFORE), PlanProposed) == SMALL_PLAN
    assert decode(JSON_BEFORE.encode(), PlanProposed) == SMALL_PLAN


def test_the_fingerprints_that_single_object_encoding_carries() -> None:
    """A new contract version gets a new fingerprint; the version before it belongs into schemas/older."""
    assert {topic.record.__name__: contract_of(topic.record).fingerprint.hex() for topic in TOPICS} == {
        "PlanProposed": "a1a146d6c6a61d3a",
        "PlanCleared": "a55efa1b93c090f0",
        "ApprovalRequested": "eb37dd25a4721ca5",
        "DecisionMade": "45f525810e439179",
        "PlanDecided": "00ff098d24a6d946",
        "PlanExecuted": "a2123a3106fabc45",
        "IncidentReported": "499789f5fbb2374c",
        "AutonomyChanged": "0ea57b117a3c8a52",
        "PolicyKept": "0e606ff5cdffa9b6",
        "StopChanged": "48bd254a3725a3ec",
        "DeadLetter": "eab03aed435c6718",
    }


def test_the_fingerprints_that_were_written_before() -> None:
    assert {contract.name: contract.fingerprint.hex() for contract in older()} == {
        "PlanProposed": "db7d53196a97ffad",
        "PlanCleared": "a65dceb1856db848",
        "ApprovalRequested": "b91dbae167441846",
        "DecisionMade": "096a5fbc70a847da",
        "PlanDecided": "4cad793fa9c3ac2f",
        "PlanExecuted": "b4f63d5a43de21dd",
        "IncidentReported": "656425b95c1becb9",
        "AutonomyChanged": "38c1cde8e02ee77e",
    }


def test_the_fingerprint_is_the_one_of_avros_specification() -> None:
    """CRC-64-AVRO of the schema "int" is 0x7275d51a3f395c8f; it is carried little-endian."""
    assert _fingerprint("int") == (0x7275D51A3F395C8F).to_bytes(8, "little")


def test_the_digest_of_a_small_plan_and_of_its_step() -> None:
    assert plan_digest(PLAN, 1, SMALL_PLAN.steps, None) == DIGEST
    assert plan_digest(PLAN, 1, SMALL_PLAN.steps, RUN) == DIGEST_WITH_RUN
    assert step_digest(PLAN, SMALL_PLAN.steps[0]) == STEP_DIGEST


def test_the_fingerprint_of_an_agent() -> None:
    expected = "13abe8f1cf6980aad688d3cd8fb848e0b10f7a9a8186a103299ec7ba74e41585"
    assert SMALL_PLAN.agent.fingerprint == expected


def test_the_ids_that_workers_derive() -> None:
    assert UUID("747cd7b7-55f7-5178-9793-778e491517bc") == PLANGATE
    assert plan_id_of_pause(RUN) == UUID("651dd88d-3731-59d5-b80d-a33804eb592c")
    first = request_id(PLAN, 1, RequestKind.PLAN, Timing.BEFORE)
    assert first == UUID("0bf458fe-82c3-5d9f-af85-8985738a792f")
    in_doubt = request_id(PLAN, 1, RequestKind.IN_DOUBT, Timing.AFTER, "mail-1", 2)
    assert in_doubt == UUID("94e560ab-61b0-51b7-8b4b-495c4fe159d0")
    assert effect_key(PLAN, "mail-1") == UUID("f330c923-6fe3-5cfa-aad5-3727e33d9d65")
