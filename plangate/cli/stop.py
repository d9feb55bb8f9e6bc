"""What `plangate stop` and `plangate go` do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from uuid import uuid4

import typer
from sqlalchemy import Engine

from gate_events.errors import UnencodableError
from gate_events.names import fault_of_name
from gate_events.records import StopChanged
from gate_events.shown import shown
from gate_events.stops import Stop, began, ended
from gate_events.topics import STOPS
from gate_store.database import open_store, utc_now
from gate_store.dialects import store_moment
from gate_store.stop_file import UNREADABLE, StopFile
from gate_store.stops import begin_stop, end_stop, in_force, wait_for_intents
from plangate.cli.choosing import is_terminal
from plangate.cli.decisions import reviewer_name
from plangate.cli.failures import CommandError, NotConfirmedError, line_for
from plangate.cli.output import LOOK, WELL, complain, errors, print_json, say
from plangate.cli.stopped import in_words
from plangate.cli.stores import must_be_there
from plangate.kafka.stops import say_stops, stopped_on_kafka
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue
from producers.checked import checked

SOON_S = 10.0


class NotEverywhereError(CommandError):
    """A stop or its end did not reach all places: {problem}; {mend}."""


@dataclass(frozen=True)
class Place:
    """Where something was stopped or ended; `why` says why it was not, `later` who brings it there."""

    place: str
    done: bool
    why: str = ""
    later: str = ""


def stop(action: str | None, note: str, by: str | None, *, as_json: bool) -> None:
    """Stop it wherever that can be noted. Raises CommandError where one of these places is missed."""
    settings = load_settings()
    made = Stop(stop_id=uuid4(), action_type=action, by=_name(settings, by), note=note, at=utc_now())
    _refuse_unsayable(began(made))
    if action is not None:
        _warn_unknown(settings, action)
    places = [
        _tried(
            f"this host (file {settings.stop_file.absolute()})",
            lambda: StopFile(settings.stop_file).add(made),
        ),
        _tried(f"the store ({settings.store_shown})", lambda: _stop_in_store(settings, made)),
        _tried(_kafka(settings), lambda: say_stops(settings, [began(made)])),
    ]
    _report("stop", in_words([made]), made, _shared(places), as_json=as_json)


def go(action: str | None, note: str, by: str | None, *, yes: bool, as_json: bool) -> None:
    """End what is stopped so, once that is confirmed. Raises CommandError, NotConfirmedError, typer.Abort."""
    settings = load_settings()
    who = _name(settings, by)
    _refuse_unsayable(ended(Stop(stop_id=UNREADABLE, by=who, note=note, at=utc_now()), who, note, utc_now()))
    file = StopFile(settings.stop_file)
    here = [each for each in file.stops() if each.action_type == action]
    (stored, unread), (told, unheard) = _read(_in_store, settings), _read(stopped_on_kafka, settings)
    all_ = [*here, *told, *stored]
    found = list({each.stop_id: each for each in all_ if each.action_type == action}.values())
    if not (found or unread):
        others = in_words({each.stop_id: each for each in [*file.stops(), *told, *stored]}.values())
        known = f"what is: {others}" if others else "nothing else is"
        unknown = f", as far as is known without Kafka: {unheard}" if unheard else ""
        raise CommandError("nothing of that is stopped", known + shown(unknown))
    _ask(found, who, yes=yes, as_json=as_json)
    named = {each.stop_id for each in found}
    ends = [ended(each, who, note, utc_now()) for each in found if each.stop_id != UNREADABLE]
    places = [
        _tried(f"this host (file {settings.stop_file.absolute()})", lambda: file.end(action, named)),
        Place(f"the store ({settings.store_shown})", done=False, why=unread)
        if unread
        else _tried(f"the store ({settings.store_shown})", lambda: _end_in_store(settings, found, who, note)),
        Place(_kafka(settings), done=False, why=unheard)
        if unheard
        else _tried(_kafka(settings), lambda: say_stops(settings, ends)),
    ]
    _report("go", f"ended: {in_words(found) or 'nothing'}", None, _shared(places), as_json=as_json)


def _kafka(settings: Settings) -> str:
    return f"Kafka (topic {settings.topic(STOPS.name)})"


def _read(read: Callable[[Settings], list[Stop]], settings: Settings) -> tuple[list[Stop], str]:
    """What is stopped there; why nobody can tell, where that is so."""
    try:
        return read(settings), ""
    except Exception as error:
        return [], line_for(error) or repr(error)


def _shared(places: Sequence[Place]) -> list[Place]:
    """Of store and Kafka a gatekeeper brings to the one what the other has."""
    file, store, kafka = places
    if store.done and not kafka.done:
        kafka = replace(kafka, later="a gatekeeper brings it there from the store")
    if kafka.done and not store.done:
        store = replace(store, later="a gatekeeper takes it from Kafka")
    return [file, store, kafka]


def _refuse_unsayable(changed: StopChanged) -> None:
    """What the topic does not take would be known on this host and in the store alone."""
    try:
        checked(changed)
    except UnencodableError as error:
        raise CommandError(
            f"nothing was done: {error}", "shorten it, and leave control characters out"
        ) from error


def _name(settings: Settings, by: str | None) -> str:
    who = reviewer_name(settings, by)
    if fault := fault_of_name(who):
        raise CommandError(f"--by {who!a} {fault}", "leave it out")
    return who


def _warn_unknown(settings: Settings, action: str) -> None:
    """A misspelt one would stop nothing; one that no catalogue has may stand in plans all the same."""
    try:
        known = list(open_catalogue(settings).actions)
    except Exception:  # the kill switch needs no catalogue
        return
    if action not in known:
        near = get_close_matches(action, known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        complain(f"plangate: {shown(action)} is no action type of {settings.catalogue}{meant}")


def _ask(found: Sequence[Stop], who: str, *, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if not is_terminal():
        raise NotConfirmedError(
            "nobody was asked whether to end it", "look at `plangate doctor`, then say --yes"
        )
    say(in_words(found), errors)
    typer.confirm(f"Go on, as {who}?", abort=True, err=as_json)


def _tried(place: str, work: Callable[[], object]) -> Place:
    """One place that fails keeps nothing from the others."""
    try:
        work()
    except Exception as error:  # whatever it is: the other places matter more
        return Place(place, done=False, why=line_for(error) or f"{type(error).__name__}: {error}")
    return Place(place, done=True)


@contextmanager
def _store(settings: Settings) -> Iterator[Engine]:
    must_be_there(settings)
    engine = open_store(settings.store_url, pool_size=1)
    try:
        yield engine
    finally:
        engine.dispose()


def _stop_in_store(settings: Settings, made: Stop) -> None:
    with _store(settings) as engine:
        with engine.begin() as conn:
            begin_stop(conn, made)
        if not wait_for_intents(engine, SOON_S):
            raise CommandError(
                "it is noted, but a step may still begin whose transaction was open before",
                "see which sessions of PostgreSQL are open for so long",
            )


def _in_store(settings: Settings) -> list[Stop]:
    with _store(settings) as engine, engine.begin() as conn:
        return in_force(conn)


def _end_in_store(settings: Settings, found: Sequence[Stop], who: str, note: str) -> None:
    with _store(settings) as engine, engine.begin() as conn:
        now: datetime = store_moment(conn, utc_now())
        for each in found:
            end_stop(conn, each, who, note, now)


def _report(what: str, words: str, made: Stop | None, places: Sequence[Place], *, as_json: bool) -> None:
    if as_json:
        print_json({"stop": made, "places": places})
    elif any(place.done for place in places):
        say(words, style=LOOK if made else WELL)
        for place in places:
            if place.done:
                say(f"{'held' if made else 'ended'}: {place.place}")
    missed = [place for place in places if not place.done]
    file_or_store = [place for place in missed if place in places[:2]]
    for place in missed:
        if place not in file_or_store[:1]:
            complain(f"plangate: {_not_in(place)}")
    if file_or_store:
        raise NotEverywhereError(
            _not_in(file_or_store[0]), f"say `plangate {what}` again once that is mended"
        )


def _not_in(place: Place) -> str:
    yet = f" yet, {place.later}" if place.later else ""
    return f"not in {place.place}{yet}: {shown(place.why)}"
