"""The catalogue that a worker's processes judge by: the file as it was when it was read and found right."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gate_policy.catalogue import load_catalogue
from gate_policy.errors import CatalogueError
from plangate.settings import Settings
from plangate.wiring import open_catalogue

log = logging.getLogger("plangate.worker")


class CatalogueInForce:
    """A copy of the file, so that what is written there comes into force when it is asked for, not before.

    A process that is started again after a fault finds what the others have.
    """

    def __init__(self, settings: Settings, copy: Path) -> None:
        """Raises CatalogueError, OSError."""
        self._file = settings.catalogue
        self._copy = copy
        catalogue = open_catalogue(settings)
        self.catalogue = catalogue
        _write_whole(copy, catalogue.text)

    @property
    def environment(self) -> dict[str, str]:
        """By which child processes find it."""
        return {"PLANGATE_CATALOGUE": str(self._copy)}

    def reload(self) -> bool:
        """Read the file anew; whether another catalogue is in force now. A broken one is refused."""
        try:
            catalogue = load_catalogue(self._file.read_text(encoding="utf-8"), str(self._file))
        except (CatalogueError, OSError, UnicodeDecodeError) as error:
            problem = "; ".join(str(error).splitlines())
            log.error("catalogue %s stays in force: %s", self.catalogue.digest, problem)
            return False
        before = self.catalogue.digest
        if catalogue.digest == before:
            log.info("catalogue %s is in force already", before)
            return False
        try:
            _write_whole(self._copy, catalogue.text)
        except OSError as error:
            log.error(
                "catalogue %s stays in force: its successor cannot be kept: %s", self.catalogue.digest, error
            )
            return False
        log.info(
            "catalogue %s takes the place of %s: the processes start anew",
            catalogue.digest,
            self.catalogue.digest,
        )
        self.catalogue = catalogue
        return True


def _write_whole(file: Path, text: str) -> None:
    """Or not at all: a process that starts meanwhile, or after a full disk, reads one or the other."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)


@contextmanager
def catalogue_in_force(settings: Settings) -> Iterator[CatalogueInForce]:
    """What stands in the file now, until it is told to look again. Raises CatalogueError, OSError."""
    with TemporaryDirectory(prefix="plangate-catalogue-") as folder:
        yield CatalogueInForce(settings, Path(folder) / settings.catalogue.name)
