"""How text of others is shown, to people and in logs: on one line, with nothing that fakes the view."""


def shown(text: str) -> str:
    """`text` on one line: control, bidirectional and invisible characters are spelled out."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _spelled(char) for char in text)


def _spelled(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
