"""Text columns."""


def storable(text: str) -> str:
    """A text that every database takes: PostgreSQL has no NUL in its texts."""
    return text.replace("\x00", "\ufffd")
