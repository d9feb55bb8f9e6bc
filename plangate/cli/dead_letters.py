"""`plangate dead-letters`: what could not be handled, with its bytes."""

from typing import Annotated, Any, cast

import typer
from confluent_kafka import Message

from gate_events.topics import DEAD_LETTERS, TOPICS
from plangate.cli.failures import CommandError
from plangate.cli.output import JsonFlag, print_json, say, show
from plangate.cli.speaking import speaker
from plangate.kafka import topics
from plangate.kafka.reading import read_all
from plangate.settings import Settings, load_settings

group = typer.Typer(no_args_is_help=True, help="Records that could not be decoded or handled.")

PREFIX = "plangate_"
_TOPIC_OF_NAME = {topic.name: topic for topic in TOPICS}
COLUMNS = ("id", "topic", "partition", "offset", "error")
DeadLetterId = Annotated[str, typer.Argument(help="The id that `list` shows, or its beginning.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="dead-letters")


@group.command("list")
def list_all(as_json: JsonFlag = False) -> None:
    """Every dead letter: where it came from and what is wrong with it."""
    rows = [_row(message) for message in _all(load_settings())]
    show(rows, as_json=as_json, title="Dead letters", columns=COLUMNS)


@group.command("show")
def show_one(letter: DeadLetterId, as_json: JsonFlag = False) -> None:
    """One dead letter whole: its headers, and its bytes in hex."""
    message = _find(load_settings(), letter)
    whole = {**_headers(message), "key": _hex(message.key()), "value": _hex(message.value())}
    if as_json:
        print_json(whole)
    else:
        for name, value in whole.items():
            say(f"{name}: {value}")


@group.command()
def replay(letter: DeadLetterId, as_json: JsonFlag = False) -> None:
    """Put the original bytes back on their topic, once the cause is mended. Repeats are harmless."""
    settings = load_settings()
    message = _find(settings, letter)
    headers = _headers(message)
    kept = [(name, value) for name, value in _pairs(message) if not name.startswith(PREFIX)]
    topic = _TOPIC_OF_NAME.get(headers["topic"])
    if "sha256" in headers:
        place = f"{headers['topic']}-{headers['partition']} at {headers['offset']}"
        raise CommandError("it was cut, being too large", f"take the whole from the spool, or from {place}")
    if topic is None:
        raise CommandError(f"it came from {headers['topic']}, no topic of ours", "send it on by other means")
    with speaker(settings, topic) as producer:
        producer.send_bytes(topic.name, message.key(), message.value(), kept)
    if as_json:
        print_json({"replayed": headers["event_id"], "topic": headers["topic"]})
    else:
        say(f"replayed {headers['event_id']} to {headers['topic']}")


def _all(settings: Settings) -> list[Message]:
    topics.require(settings, DEAD_LETTERS)
    return list(read_all(settings, settings.topic(DEAD_LETTERS.name)))


def _find(settings: Settings, letter: str) -> Message:
    found = {_headers(m)["event_id"]: m for m in _all(settings) if _headers(m)["event_id"].startswith(letter)}
    if len(found) != 1:
        mend = "`plangate dead-letters list` shows the ids"
        raise CommandError(f"{len(found) or 'no'} dead letters begin with {letter!r}", mend)
    return next(iter(found.values()))


def _row(message: Message) -> dict[str, Any]:
    headers = _headers(message)
    return {"id": headers["event_id"], **headers}


def _headers(message: Message) -> dict[str, str]:
    """The letter's own headers, without their prefix."""
    return {
        name.removeprefix(PREFIX): (value or b"").decode(errors="replace")
        for name, value in _pairs(message)
        if name.startswith(PREFIX)
    }


def _pairs(message: Message) -> list[tuple[str, bytes | None]]:
    return cast("list[tuple[str, bytes | None]]", message.headers() or [])  # typed loosely there


def _hex(data: bytes | str | None) -> str | None:
    return data.hex() if isinstance(data, bytes) else data
