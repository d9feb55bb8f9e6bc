"""What `plangate follow` does."""

import asyncio

import msgspec

from gate_events.shown import shown
from gate_policy.display import redacted
from gate_store.run_ends import where_run_stands
from plangate.cli.gate_progress import told_meanwhile
from plangate.cli.moments import said
from plangate.cli.output import indented, print_json, say
from plangate.cli.stores import reading
from plangate.settings import Settings, load_settings
from plangate.wiring import open_catalogue
from producers.follow import follow as events_of


def follow(thread: str, *, raw: bool, as_json: bool) -> None:
    """Print each event, and how the run stands at its end. Raises NoSuchRunError, CommandError."""
    settings = load_settings()
    with reading(settings):
        pass  # a store that does not exist is said so
    secret = {name for action in open_catalogue(settings).actions.values() for name in action.secret}
    asyncio.run(follow_events(settings, thread, frozenset() if raw else frozenset(secret), as_json=as_json))
    if not as_json:
        with reading(settings) as conn:
            say(f"run {shown(thread)} is {where_run_stands(conn, thread).status}")


async def follow_events(settings: Settings, thread: str, secret: frozenset[str], *, as_json: bool) -> None:
    """Print each event, and on stderr what becomes of the run's gates. Raises NoSuchRunError."""
    async with told_meanwhile(settings.store_url, thread):
        async for each in events_of(thread, store_url=settings.store_url):
            event = redacted(each.event, secret)
            if as_json:
                print_json({"number": each.number, "at": each.at, "plan_id": each.plan_id, "event": event})
            else:
                indented(f"{said(each.at)}  {shown(msgspec.json.encode(event).decode())}", 10)
