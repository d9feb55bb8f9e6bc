"""What a dead letter may be put back as: held against the topic that it says it came from.

A letter's headers name a topic, and whoever may write `dead-letters` may have made them up: an approval, say,
that nobody gave. What the topic itself holds at the place was let in there by the brokers once.
"""

import hashlib
from dataclasses import dataclass

from gate_events.codec import decode
from gate_events.errors import UndecodableError
from gate_events.shown import shown
from gate_events.topics import DEAD_LETTERS, TOPICS, Topic
from plangate.kafka.letters import Letter
from plangate.kafka.reading import read_one
from plangate.settings import Settings
from plangate.wiring import schema_ids

_TOPIC_OF_NAME = {topic.name: topic for topic in TOPICS if topic is not DEAD_LETTERS}


class NotReplayableError(Exception):
    """Dead letter {letter} is not replayed: {problem}; {mend}."""

    def __init__(self, letter: str, problem: str, mend: str) -> None:
        super().__init__(f"dead letter {shown(letter)} is not replayed: {shown(problem)}; {mend}")


@dataclass(frozen=True)
class Original:
    """What is put back, and where."""

    topic: Topic
    key: bytes | None
    value: bytes | None


def original_of(settings: Settings, letter: Letter, *, unproven: bool = False) -> Original:
    """The whole record that `letter` is about, as it stands on its topic; `unproven` believes the letter.

    Raises NotReplayableError, KafkaException, RegistryUnavailableError.
    """
    topic = topic_of(settings, letter)
    found = _at_its_place(settings, letter, topic)
    if found is None and not unproven:
        raise NotReplayableError(
            letter.id,
            f"at {_place(letter)} there is no such record (any more), so its bytes may be anybody's",
            "look at it with `plangate dead-letters show`; --unproven puts it back all the same",
        )
    if found is None and letter.is_cut:
        raise NotReplayableError(letter.id, "it was cut, being too large", "take the whole from the spool")
    put_back = found or Original(topic, letter.key, letter.value)
    _require_type(settings, letter, put_back)
    return put_back


def topic_of(settings: Settings, letter: Letter) -> Topic:
    """The topic that it says it came from. Raises NotReplayableError."""
    name = letter.said.get("topic", "")
    topic = _TOPIC_OF_NAME.get(name.removeprefix(settings.topic_prefix))
    if topic is None:
        came = f"it came from {name}, no topic of ours" if name else "it names no topic"
        raise NotReplayableError(letter.id, came, "send it on by other means, or discard it")
    return topic


def _at_its_place(settings: Settings, letter: Letter, topic: Topic) -> Original | None:
    partition, offset = letter.said.get("partition", ""), letter.said.get("offset", "")
    if not (partition.isdecimal() and offset.isdecimal()):
        return None
    message = read_one(settings, settings.topic(topic.name), int(partition), int(offset))
    if message is None:
        return None
    key, value = message.key(), message.value()
    if letter.is_cut:
        is_it = hashlib.sha256(value or b"").hexdigest() == letter.said["sha256"]
    else:
        is_it = (key, value) == (letter.key, letter.value)
    return Original(topic, key, value) if is_it else None


def _require_type(settings: Settings, letter: Letter, put_back: Original) -> None:
    record = put_back.topic.record
    ids = schema_ids(settings)
    try:
        decode(put_back.value, record, ids.schema_of if ids else None)
    except UndecodableError as error:
        raise NotReplayableError(
            letter.id,
            f"it is no {record.__name__}, so it does not belong on {put_back.topic.name}: {error}",
            "mend its sender, then discard it",
        ) from error


def _place(letter: Letter) -> str:
    said = letter.said
    return f"{said.get('topic', '?')}-{said.get('partition', '?')} at {said.get('offset', '?')}"
