"""For the tests of agents: a gate that answers at once, and an effect ledger in memory.

`from plangate.testing import FakeGate, approve, reject`. No Kafka, no store, no worker. The same tests hold
these and the resumer (`tests/resumer/test_fake_gate.py`).
"""

from plangate.testing.answers import Answer, Answering, approve, expire, reject, respond
from plangate.testing.fake_gate import Ended, FakeGate
from plangate.testing.memory_ledger import Effect, MemoryLedger

__all__ = [
    "FakeGate",
    "Ended",
    "approve",
    "reject",
    "respond",
    "expire",
    "Answer",
    "Answering",
    "MemoryLedger",
    "Effect",
]
