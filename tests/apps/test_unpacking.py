"""What a compressed batch unfolds to is bounded, before it is unfolded."""

from collections.abc import Iterator
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.codec import snappy_encode
from aiokafka.consumer import fetcher
from aiokafka.errors import UnsupportedCodecError
from aiokafka.record.default_records import DefaultRecordBatchBuilder, _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords
from confluent_kafka import Producer

from gate_events.codec import encode
from gate_events.records import PlanCleared
from stream_apps import unpacking
from stream_apps.unpacking import Unread, bound
from tests.apps.world import World, headers_of, plan, until

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
LARGEST = 10_000  # a record; a batch 8 of these


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds for this test alone."""
    monkeypatch.setattr(fetcher, "PartitionRecords", fetcher.PartitionRecords)
    monkeypatch.setattr(unpacking.BoundedRecords, "budget", 1)
    for module in unpacking._MODULES:
        for codec in CODECS:
            if hasattr(module, f"{codec}_decode"):
                monkeypatch.setattr(module, f"{codec}_decode", getattr(module, f"{codec}_decode"))
    bound(LARGEST)


def _batch(codec: int, *values: bytes, headers: Any = (), kind: Any = DefaultRecordBatchBuilder) -> bytes:
    builder = kind(
        magic=2,
        compression_type=codec,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10_000_000,
    )
    for number, value in enumerate(values):
        builder.append(number, 1_700_000_000_000, None, value, list(headers) if number == 1 else [])
    return bytes(builder.build())


def _read(batches: bytes, start: int = 0) -> list[Any]:
    return list(_partition(batches, start))


def _partition(batches: bytes, start: int = 0) -> Any:
    place = SimpleNamespace(topic="plans", partition=0)
    return fetcher.PartitionRecords(place, MemoryRecords(batches), [], start, None, None, True, 1)


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_batch_within_its_bounds_is_read_whole(bounds: None, codec: int) -> None:
    values = [b"%d" % number * 100 for number in range(50)]
    assert [each.value for each in _read(_batch(codec, *values))] == values


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_a_batch_that_unfolds_too_far_is_one_record_that_nobody_reads(bounds: None, codec: int) -> None:
    packed = _batch(codec, b"x" * 30_000, b"x" * 30_000, b"x" * 30_000)
    (stand_in,) = _read(packed)
    assert isinstance(stand_in.value, Unread)
    assert (stand_in.value.first, stand_in.offset) == (0, 2)
    body = packed[61:]  # behind the batch's head
    assert (
        f"{len(body)} bytes, SHA-256 {sha256(body).hexdigest()}: they unfold to more than 80000"
        in stand_in.value.why
    )


def test_what_stands_behind_such_a_batch_is_read(bounds: None) -> None:
    records = _partition(_batch(1, b"x" * 100_000) + _moved(_batch(1, b"good"), 1))
    assert [each.value for each in records] == [b"", b"good"]
    assert records.next_fetch_offset == 2


def _moved(batch: bytes, offset: int) -> bytes:
    return offset.to_bytes(8, "big") + batch[8:]


def test_a_header_that_is_no_text_takes_the_rest_of_its_batch_and_no_more(bounds: None) -> None:
    """Offsets tell what was not read; the records before it are handed out."""
    bad = _batch(
        0, b"one", b"two", b"three", headers=[(_NoText("x"), b"1")], kind=_DefaultRecordBatchBuilderPy
    )
    first, rest = _read(bad)
    assert first.value == b"one"
    assert (rest.value.first, rest.offset) == (1, 2)
    assert "offsets 1 to 2 cannot be unpacked: 'utf-8' codec" in rest.value.why


class _NoText(str):
    def encode(self, *_: Any) -> bytes:
        return b"\xff"


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_damaged_bytes_of_a_codec_are_a_record_that_nobody_reads(bounds: None, codec: int) -> None:
    for damaged in _damaged(_batch(codec, b"x" * 500)):
        (stand_in,) = _unchecked(damaged)
        assert "cannot be unpacked" in stand_in.value.why


def _damaged(batch: bytes) -> Iterator[bytes]:
    yield batch[:8] + (len(batch) - 12 - 7).to_bytes(4, "big") + batch[12:-7]
    yield batch[:61] + bytes(len(batch) - 61)


def _unchecked(batch: bytes) -> list[Any]:
    place = SimpleNamespace(topic="plans", partition=0)
    return list(fetcher.PartitionRecords(place, MemoryRecords(batch), [], 0, None, None, False, 1))


def test_a_codec_that_is_not_installed_is_no_batchs_fault(
    bounds: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: bytes) -> bytes:
        raise UnsupportedCodecError("Libraries for zstd compression codec not found")

    monkeypatch.setattr(unpacking._MODULES[0], "zstd_decode", missing)
    with pytest.raises(UnsupportedCodecError):
        _read(_batch(4, b"x" * 500))


@pytest.mark.parametrize("length", [-4, 0, -1, 2**31 - 1])
def test_a_block_of_snappy_that_lies_about_its_length_is_refused(length: int) -> None:
    framed = snappy_encode(b"x" * 100)
    lying = framed[:16] + length.to_bytes(4, "big", signed=True) + framed[20:]
    with pytest.raises(unpacking._UnpackingError, match="beyond its end"):
        unpacking._unpack_snappy(1_000, lying)


def test_a_fetch_that_unfolds_to_much_is_handed_out_in_parts(bounds: None) -> None:
    packed = _batch(1, *[b"x" * 3_000] * 10)
    parts, position = [], 0
    while position < 10:
        records = _partition(packed, position)
        parts.append(len(list(records)))
        position = records.next_fetch_offset
    assert parts == [4, 4, 2]


def _bomb(world: World, codec: str, size: int, partition: int) -> None:
    options: Any = {"bootstrap.servers": world.kafka.bootstrap_servers, "message.max.bytes": 200_000_000}
    producer = Producer({**options, "compression.type": codec})
    producer.produce(f"{world.prefix}plans", b"x" * size, b"bomb", partition=partition)
    assert producer.flush(60) == 0


def test_a_bomb_is_buried_and_the_rest_goes_on(world: World) -> None:
    """A decompression bomb stops neither its partition nor the others, and takes no memory."""
    worker = world.start("router")
    for partition, (codec, size) in enumerate(
        {"gzip": 120_000_000, "zstd": 40_000_000, "lz4": 40_000_000}.items()
    ):
        _bomb(world, codec, size, partition)
    good = [plan("look") for _ in range(30)]
    world.send(*good)
    assert {each.plan_id for each in world.read(PlanCleared, 30)} == {each.plan_id for each in good}
    with world.reader("dead-letters") as reader:
        dead = reader.messages(lambda seen: len(seen) == 3)
    for letter in dead:
        marks = headers_of(letter)
        assert (letter.value(), marks["plangate_topic"], marks["plangate_offset"]) == (b"", "plans", "0")
        assert "offsets 0 to 0 cannot be unpacked" in marks["plangate_error"]
        assert "SHA-256" in marks["plangate_error"]
    assert {headers_of(letter)["plangate_partition"] for letter in dead} == {"0", "1", "2"}
    assert until(lambda: world.lag("router", "plans") == 0)
    peak = next(line for line in _status(worker.process.pid) if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 500_000  # kB; who unfolds the first needs more for it alone


def _status(pid: int) -> list[str]:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:  # noqa: PTH123 - no path of ours
        return file.read().splitlines()


def test_a_record_that_is_too_large_is_buried_cut_and_tells_of_the_whole(world: World) -> None:
    world.start("router", largest_record_bytes=100_000)
    large, good = b"y" * 300_000, plan("look")
    world.send_raw("plans", large, b"k", [("note", b"kept"), ("long", b"h" * 20_000)])
    world.send(good)
    assert world.read(PlanCleared, 1)[0].plan_id == good.plan_id
    with world.reader("dead-letters") as reader:
        (letter,) = reader.messages(lambda seen: len(seen) == 1)
    marks = headers_of(letter)
    assert letter.value() == large[:65_536]
    assert (marks["plangate_length"], marks["plangate_sha256"]) == ("300000", sha256(large).hexdigest())
    assert "it has 320013 bytes, and 100000 is the most" in marks["plangate_error"]
    assert (marks["note"], "long" in marks) == ("kept", False)


def test_a_letter_that_no_topic_takes_is_on_its_topic_cut(world: World) -> None:
    world.start("router")
    large = b"\xc3\x01" + b"z" * 1_048_400  # Kafka takes 1,048,588 with all around it
    world.send_raw("plans", large, b"k")
    with world.reader("dead-letters") as reader:
        (letter,) = reader.messages(lambda seen: len(seen) == 1)
    marks = headers_of(letter)
    (file,) = (world.folder / "spool").glob("*.json")
    whole = f"cut: its value has {len(large)} bytes, SHA-256 {sha256(large).hexdigest()}"
    assert marks["plangate_error"].startswith(f"{whole}; the whole is in {file.name} in the spool")
    assert until(lambda: world.lag("router", "plans") == 0)
    assert len(encode(plan("look"))) < 65_536  # what fits is not cut
