"""A clock that the laboratory can set wrong."""

from datetime import datetime, timedelta

from gate_store.database import Clock, utc_now
from plangate.torture.places import Places


def jumping(places: Places, most_s: float) -> Clock:
    """The time, and as many seconds off as the file says, but no more than `most_s`."""

    def now() -> datetime:
        try:
            off = float(places.clock.read_text() or 0)
        except FileNotFoundError:
            off = 0.0
        return utc_now() + timedelta(seconds=max(-most_s, min(off, most_s)))

    return now


def jump(places: Places, seconds: float) -> None:
    """Set the workers' clocks off by so many seconds."""
    draft = places.clock.with_suffix(".draft")
    draft.write_text(str(seconds))
    draft.rename(places.clock)
