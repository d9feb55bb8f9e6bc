"""Where the processes of a worker keep what they count, for the worker's endpoint to read."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from stream_apps.metrics import FOLDER, PROCESS, REGISTRY

log = logging.getLogger("plangate.worker")

_COUNTS_BYTES, _GAUGES_BYTES = 1 << 20, 1 << 16
_GAUGES = "gauge_livemin"  # as prometheus_client calls the files of the one gauge that we have


class Counts(Collector):
    """One file for each kind of metric of each process, written over with zeros before anybody counts.

    A file that is one hole would, on a full disk, end the process that counts, where it should wait.
    """

    def __init__(self, folder: Path, processes: Iterable[str]) -> None:
        self._folder = folder
        self._files = MultiProcessCollector(None, str(folder))  # type: ignore[no-untyped-call] # the library's
        self._ours = {metric.name for metric in REGISTRY.collect()}
        for process in map(_in_files, processes):
            for kind in ("counter", "histogram"):
                (folder / f"{kind}_{process}.db").write_bytes(bytes(_COUNTS_BYTES))
            (folder / f"{_GAUGES}_{process}.db").write_bytes(bytes(_GAUGES_BYTES))

    def environment(self, process: str) -> Mapping[str, str]:
        """By which a process finds its files."""
        return {FOLDER: str(self._folder), PROCESS: _in_files(process)}

    def ended(self, process: str) -> None:
        """Forget what a process said of itself; its counts stay.

        In place: `mark_process_dead` would remove the file, and the next one would be a hole.
        """
        try:
            with (self._folder / f"{_GAUGES}_{_in_files(process)}.db").open("r+b") as file:
                file.write(bytes(_GAUGES_BYTES))
        except OSError as error:  # a cleaner of temporary folders: no reason to end the worker
            log.warning("the metrics of %s are lost until the worker starts again: %s", process, error)

    def collect(self) -> Iterable[Metric]:
        """What all processes counted; not what a graph's own code counts with the same library."""
        found = self._files.collect()  # type: ignore[no-untyped-call] # the library's
        return [metric for metric in found if metric.name in self._ours]

    def serves(self, process: str, part: str) -> bool:
        """Whether a process says that it does a part."""
        labels = {"part": part, "process": _in_files(process)}
        return any(
            sample.value == 1 and sample.labels == labels
            for metric in self.collect()
            for sample in metric.samples
            if sample.name == "plangate_serving"
        )


def _in_files(process: str) -> str:
    """A process's name as its files have it: neither a blank nor the library's `_`."""
    return process.replace(" ", "-")


@contextmanager
def counting(processes: Iterable[str]) -> Iterator[Counts]:
    """A folder that nobody else enters, removed at the end. Raises OSError."""
    with TemporaryDirectory(prefix="plangate-metrics-") as folder:
        yield Counts(Path(folder), processes)
