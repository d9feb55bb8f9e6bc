"""A command without settings works on the `plangate dev` of this folder, and makes no store beside it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from plangate.cli.failures import CommandError
from plangate.cli.table import TABLE

if TYPE_CHECKING:
    from plangate.settings import Settings

FOLDER = Path(".plangate")
# broker and store, or neither
_OF_THEIR_OWN = {"demo", "init", "dev", "worker", "torture", "catalogue", "explain"}
_HELP = "--help"


def use_dev_of_this_folder(arguments: Sequence[str]) -> None:
    """Take its environment, and say so in a line, where nothing names a broker or a store."""
    if (
        arguments
        and arguments[0] in TABLE.keys() - _OF_THEIR_OWN
        and _HELP not in arguments
        and FOLDER.is_dir()
    ):
        _use_dev()


def _use_dev() -> None:
    from plangate.cli.output import complain  # noqa: PLC0415 - not every command is in such a folder
    from plangate.dev import env_file  # noqa: PLC0415 - the same
    from plangate.dev.alone import runs_in  # noqa: PLC0415 - the same
    from plangate.settings import SettingsError, load_settings  # noqa: PLC0415 - the same

    try:
        settings = load_settings()
    except SettingsError:
        return  # the command says what is wrong
    if _are_named(settings) or not runs_in(FOLDER):
        return
    try:
        os.environ.update(env_file.read(FOLDER))
    except OSError:
        return  # it starts
    complain(f"plangate: no settings: this uses the `plangate dev` that runs here ({FOLDER}/{env_file.NAME})")


def must_not_be_a_second_one(settings: "Settings") -> None:
    """Raises CommandError where the store would be another than the one of this folder's `plangate dev`."""
    if FOLDER.is_dir() and "store_url" not in settings.model_fields_set:
        problem = f"no settings name a store, and that of `plangate dev` is in {FOLDER}/"
        raise CommandError(problem, "start `plangate dev` here, or set PLANGATE_STORE_URL")


def _are_named(settings: "Settings") -> bool:
    return not settings.model_fields_set.isdisjoint({"store_url", "kafka"})
