"""Bounds what a compressed batch unfolds to; what cannot be unpacked is one record that nobody reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from aiokafka import codec
from aiokafka.consumer import fetcher
from aiokafka.errors import UnsupportedCodecError
from aiokafka.record import default_records as python_records
from aiokafka.record._crecords import default_records, legacy_records

from gate_events.sizes import size_of

_XERIAL = b"\x82SNAPPY\x00"  # Java's own framing of snappy: 16 bytes, then blocks with their lengths
_XERIAL_HEAD = 16
_RECORDS_A_BATCH = 8
_MODULES = (default_records, legacy_records, python_records)  # each holds the decoders under names of its own


class Unread(bytes):
    """Stands in a message for records that were not unpacked, from offset `first` on."""

    first: int
    why: str


class _UnpackingError(Exception):
    """{codec}, {length} bytes, SHA-256 {digest}: {problem}."""

    def __init__(self, name: str, packed: bytes, problem: str) -> None:
        super().__init__(f"{name}, {len(packed)} bytes, SHA-256 {sha256(packed).hexdigest()}: {problem}")


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """A record as aiokafka has them."""

    offset: int
    timestamp: int
    timestamp_type: int
    value: Unread
    key: bytes | None = None
    checksum: int | None = None
    headers: tuple[()] = ()


class _Batch:
    """A batch whose records are handed out as far as they can be unpacked."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        batch, following = self._batch, self._batch.base_offset
        try:
            for record in batch:
                yield record
                following = record.offset + 1
        except (MemoryError, UnsupportedCodecError):  # of this process and its installation, not of the batch
            raise
        except Exception as error:  # a batch must not stop those behind it, whatever it provokes
            yield _unread(batch, following, error)


def _unread(batch: Any, first: int, error: Exception) -> _Unpacked:
    last = batch.next_offset - 1
    value = Unread()
    value.first = first
    value.why = f"offsets {first} to {last} cannot be unpacked: {error or type(error).__name__}"
    return _Unpacked(last, batch.max_timestamp, batch.timestamp_type or 0, value)


class _Batches:
    """The batches of one fetch."""

    def __init__(self, batches: Any) -> None:
        self._batches = batches

    def has_next(self) -> bool:
        return bool(self._batches.has_next())

    def next_batch(self) -> Any:
        batch = self._batches.next_batch()
        return batch if batch.is_control_batch else _Batch(batch)


class BoundedRecords(fetcher.PartitionRecords):  # type: ignore[misc] # aiokafka has no types
    """A partition's records of one fetch, at most `budget` bytes; the next fetch begins where it ends."""

    budget = 1

    def __init__(self, tp: Any, records: Any, *others: Any) -> None:
        super().__init__(tp, _Batches(records), *others)

    def _unpack_records(self) -> Iterator[Any]:
        left = self.budget
        for record in super()._unpack_records():
            yield record
            left -= size_of(record.key, record.value, record.headers)
            if left <= 0:
                return


def bound(largest_record: int) -> None:
    """Have aiokafka unpack a batch of 8 such records at most, and one such record a partition and fetch.

    For all consumers of the process, since aiokafka knows no such setting.
    """
    BoundedRecords.budget = largest_record
    fetcher.PartitionRecords = BoundedRecords
    if codec.cramjam is None:  # then aiokafka itself ends at what it cannot unpack
        return
    for name, decode in _decoders(_RECORDS_A_BATCH * largest_record).items():
        for module in _MODULES:
            if hasattr(module, name):
                setattr(module, name, decode)


def _decoders(limit: int) -> dict[str, Callable[[Any], bytes]]:
    return {
        "gzip_decode": partial(_unpack, "gzip", limit),
        "lz4_decode": partial(_unpack, "lz4", limit),
        "zstd_decode": partial(_unpack, "zstd", limit),
        "snappy_decode": partial(_unpack_snappy, limit),
    }


def _unpack(name: str, limit: int, packed: Any) -> bytes:
    room = bytearray(limit)  # pages that are not written to cost nothing
    try:
        length = getattr(codec.cramjam, name).decompress_into(packed, room)
    except codec.cramjam.DecompressionError as error:
        too_large = "whole buffer" in str(error)  # its words for room that does not suffice
        problem = f"they unfold to more than {limit} bytes" if too_large else str(error)
        raise _UnpackingError(name, bytes(packed), problem) from None
    with memoryview(room) as filled:
        return bytes(filled[:length])


def _unpack_snappy(limit: int, packed: Any) -> bytes:
    whole = bytes(packed)
    try:
        blocks = list(_blocks(whole)) if whole.startswith(_XERIAL) else [whole]
        if sum(map(codec.cramjam.snappy.decompress_raw_len, blocks)) > limit:
            raise ValueError(f"they unfold to more than {limit} bytes")
        return b"".join(bytes(codec.cramjam.snappy.decompress_raw(block)) for block in blocks)
    except (codec.cramjam.DecompressionError, ValueError) as error:
        raise _UnpackingError("snappy", whole, str(error)) from None


def _blocks(framed: bytes) -> Iterator[bytes]:
    place = _XERIAL_HEAD
    while place < len(framed):
        end = place + 4 + int.from_bytes(framed[place : place + 4], "big", signed=True)
        if not place + 4 < end <= len(framed):
            raise ValueError("a block's length is beyond its end")
        yield framed[place + 4 : end]
        place = end
