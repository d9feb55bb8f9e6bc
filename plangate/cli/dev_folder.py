"""A command without settings works on the `plangate dev` of this folder, and makes no store beside it."""

import os
from pathlib import Path

from plangate.cli.failures import CommandError
from plangate.cli.output import complain
from plangate.dev import env_file
from plangate.dev.alone import runs_in
from plangate.settings import Settings, SettingsError, load_settings

FOLDER = Path(".plangate")
_OF_THEIR_OWN = {"demo", "dev", "worker", "torture", "catalogue", "explain"}  # broker and store, or neither


def use_dev_of_this_folder(command: str) -> None:
    """Take its environment, and say so in a line, where nothing names a broker or a store."""
    if command in _OF_THEIR_OWN or not FOLDER.is_dir():
        return
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


def must_not_be_a_second_one(settings: Settings) -> None:
    """Raises CommandError where the store would be another than the one of this folder's `plangate dev`."""
    if FOLDER.is_dir() and "store_url" not in settings.model_fields_set:
        problem = f"no settings name a store, and that of `plangate dev` is in {FOLDER}/"
        raise CommandError(problem, "start `plangate dev` here, or set PLANGATE_STORE_URL")


def _are_named(settings: Settings) -> bool:
    return not settings.model_fields_set.isdisjoint({"store_url", "kafka"})
