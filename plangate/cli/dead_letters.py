"""What `plangate dead-letters` does."""

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from gate_events.codec import decode
from gate_events.errors import RegistryUnavailableError, UndecodableError
from gate_events.shown import shown
from gate_events.topics import DEAD_LETTERS
from gate_policy.display import plain, redacted
from gate_policy.errors import CatalogueError
from plangate.cli.failures import CommandError
from plangate.cli.moments import said
from plangate.cli.output import indented, print_json, say
from plangate.cli.speaking import speaker
from plangate.kafka import topics
from plangate.kafka.letters import Letter, Mark, letters, mark, marks
from plangate.kafka.originals import NotReplayableError, original_of, topic_of
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue, schema_ids

COLUMNS = ("id", "at", "topic", "partition", "offset", "mark", "error")


def list_newest(limit: int, *, every: bool, plan: str | None, as_json: bool) -> None:
    """Show the newest; `every`: also those marked; `plan`: only those under its id. Raises NoTopicError."""
    settings = _looked()
    marked = marks(settings)
    count: Counter[str] = Counter()
    rows = _rows(settings, marked, count, every=every, plan=plan)
    newest = heapq.nlargest(limit, rows, key=lambda row: row["at"])
    if as_json:
        print_json(newest)
        return
    for row in newest:
        _print_row(row)
    if not newest:
        say("Dead letters: none")
    if more := _left_out(len(newest), count, every=every):
        say(more)


def show_one(letter: str, *, as_json: bool) -> None:
    """Show one letter whole. Raises NoTopicError, CommandError."""
    settings = _looked()
    found = _find(settings, letter)
    own = {name: (value or b"").decode(errors="replace") for name, value in found.own}
    whole = {
        **_row(found, marks(settings)),
        "key": _hex(found.key),
        "value": _hex(found.value),
        "headers": own,
        "key_text": _text(found.key),
        "record": _record(settings, found),
    }
    if as_json:
        print_json(whole)
    else:
        for name, value in {**whole, "at": said(found.at)}.items():
            say(f"{shown(name)}: {shown(plain(value) if name == 'record' else str(value))}")


def replay(letter: str, *, unproven: bool, as_json: bool) -> None:
    """Put a letter's record back on its topic. Raises NoTopicError, NotReplayableError, CommandError."""
    settings = _looked()
    found = _find(settings, letter)
    original = original_of(settings, found, unproven=unproven)
    with speaker(settings, original.topic) as producer:
        producer.send_bytes(original.topic.name, original.key, original.value, found.own)
        mark(producer, found, Mark.REPLAYED)
    if as_json:
        print_json({"replayed": found.id, "topic": original.topic.name})
    else:
        say(f"replayed {shown(found.id)} to {original.topic.name}")


def discard(letter: str, *, as_json: bool) -> None:
    """Mark a letter as discarded. Raises NoTopicError, CommandError."""
    settings = _looked()
    found = _find(settings, letter)
    with speaker(settings, DEAD_LETTERS) as producer:
        mark(producer, found, Mark.DISCARDED)
    if as_json:
        print_json({"discarded": found.id})
    else:
        say(f"discarded {shown(found.id)}")


def _print_row(row: dict[str, Any]) -> None:
    """The id first on a line, whole, since it is copied; below it where the record came from, and why."""
    mark = f", {row['mark']}" if row["mark"] else ""
    say(f"{row['id']}  {said(row['at'])}{mark}")
    place = f"{row['topic']}, partition {row['partition']}, offset {row['offset']}" if row["topic"] else ""
    indented(": ".join(filter(None, (place, row["error"]))) or "it does not say where it came from", 2)


def _looked() -> Settings:
    settings = load_settings()
    topics.require(settings, DEAD_LETTERS)
    return settings


def _rows(
    settings: Settings, marked: dict[str, Mark], count: Counter[str], *, every: bool, plan: str | None
) -> Iterator[dict[str, Any]]:
    for each in letters(settings):
        if plan is not None and each.key != plan.encode():
            continue
        count["all"] += 1
        count["marked"] += each.id in marked
        if every or each.id not in marked:
            yield _row(each, marked)


def _row(letter: Letter, marked: dict[str, Mark]) -> dict[str, Any]:
    empty = dict.fromkeys(COLUMNS, "")
    said = {shown(name): shown(text) for name, text in letter.said.items()}
    what = str(marked.get(letter.id, ""))
    return {**empty, **said, "id": shown(letter.id), "place": letter.place, "at": letter.at, "mark": what}


def _left_out(listed: int, count: Counter[str], *, every: bool) -> str:
    """What a list does not show, in words."""
    listable = count["all"] - (0 if every else count["marked"])
    words = [f"{listed} of {listable}, the newest; --limit shows more"] if listed < listable else []
    if count["marked"] and not every:
        words.append(f"{count['marked']} more are marked as replayed or discarded; --all shows them, too")
    return "; ".join(words)


def _find(settings: Settings, wanted: str) -> Letter:
    """The one letter that is meant. Letters of one id are one only where their bytes are."""
    found: dict[tuple[str, str], Letter] = {}
    for each in letters(settings):
        if each.place == wanted:
            return each
        if each.id.startswith(wanted):
            found.setdefault((each.id, each.sha256), each)
    if len(found) == 1:
        return next(iter(found.values()))
    if len({each.id for each in found.values()}) == 1:
        places = ", ".join(each.place for each in found.values())
        raise CommandError(f"{len(found)} dead letters of that id differ", f"name one by its place: {places}")
    mend = "`plangate dead-letters list` shows the ids"
    raise CommandError(f"{len(found) or 'no'} dead letters begin with {wanted!r}", mend)


def _text(data: bytes | None) -> str | None:
    """As words, where it is some."""
    try:
        return data.decode() if data is not None else None
    except UnicodeDecodeError:
        return None


def _record(settings: Settings, letter: Letter) -> Any:
    """What its bytes say, where they are a record of its topic, with secret arguments as •••; else None.

    None, too, where no catalogue says what is secret: the bytes are there for whoever may see all.
    """
    try:
        secret = frozenset(
            name for action in open_catalogue(settings).actions.values() for name in action.secret
        )
        ids = schema_ids(settings)
        record = decode(letter.value, topic_of(settings, letter).record, ids.schema_of if ids else None)
    except (CatalogueError, OSError, NotReplayableError, RegistryUnavailableError, UndecodableError):
        return None
    return redacted(msgspec.to_builtins(record), secret)


def _hex(data: bytes | None) -> str | None:
    return data.hex() if data is not None else None
