"""Points in time and ids as SQLAlchemy stores them on SQLite."""

from datetime import UTC, datetime
from uuid import UUID


def moment_text(moment: datetime) -> str:
    """Sortable text, UTC without a zone."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def moment_of(text: str | None) -> datetime | None:
    """The point in time, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def uuid_text(value: UUID | None) -> str | None:
    """32 hex digits."""
    return value.hex if value else None
