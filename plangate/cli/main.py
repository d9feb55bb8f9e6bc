"""`plangate`: the front door. It loads nothing before somebody waits for Ctrl-C."""

import sys

_INTERRUPTED = 130  # as shells say of SIGINT


def main() -> None:
    """Run a command; Ctrl-C ends it in one line, also while it loads."""
    try:
        from plangate.cli.application import run  # noqa: PLC0415 - it takes most of the first second

        run()
    except (KeyboardInterrupt, SystemExit) as end:  # Typer makes the one the other, without a word
        if isinstance(end, SystemExit) and end.code != _INTERRUPTED:
            raise
        sys.stderr.write("plangate: interrupted\n")
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
