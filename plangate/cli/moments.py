"""Moments as people read them."""

from datetime import UTC, datetime, timedelta


def moment(iso: str) -> str:
    """30 Nov 2026 10:20 UTC."""
    return datetime.fromisoformat(iso).astimezone(UTC).strftime("%-d %b %Y %H:%M UTC")


def left(until: str, now: datetime | None = None) -> str:
    """How long it still is: 3 days, 7 h 59 min, 12 min, or over."""
    span = datetime.fromisoformat(until) - (now or datetime.now(UTC))
    return long(span) if span > timedelta() else "over"


def ago(at: str, now: datetime) -> str:
    """How long ago that was: 12 min ago, just now."""
    span = now - datetime.fromisoformat(at)
    return f"{long(span)} ago" if span >= timedelta(minutes=1) else "just now"


def long(span: timedelta) -> str:
    """How long that is: 3 days, 7 h 59 min, 12 min; 1 min at least."""
    hours, minutes = divmod(int(span.total_seconds() // 60), 60)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h {minutes} min" if hours else f"{max(minutes, 1)} min"


def said(at: datetime) -> str:
    """A moment of the store, as `moment` says it."""
    return moment(at.isoformat())
