"""The demo's own words, which tell its story."""

from plangate.cli.output import console


def narrate(text: str, style: str = "") -> None:
    """A paragraph; nothing in it comes from outside."""
    console.print(text, style=style or None)


def title(text: str) -> None:
    """The title of an act."""
    console.print()
    console.rule(text)
