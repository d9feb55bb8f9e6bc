"""Numbers of things, in words."""


def counted(count: int, one: str, many: str = "") -> str:
    """1 step, 1,200 steps; `many` where the plural is not `one` and an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
