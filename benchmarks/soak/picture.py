"""The samples as one picture."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

import matplotlib as mpl

from benchmarks.soak.samples import Sample

mpl.use("svg")
import matplotlib.pyplot as plt


def draw(samples: Sequence[Sample], kills: Sequence[float], file: Path) -> None:
    """Memory, handles and connections, size per run, lag and outbox: one chart each, kills as grey lines."""
    minutes = [sample.at_s / 60 for sample in samples]
    charts = {
        "resident memory, MB": {"apps": "apps_mb", "resumer": "resumer_mb"},
        "open handles and connections": {
            "apps": "apps_handles",
            "resumer": "resumer_handles",
            "PostgreSQL connections": "connections",
        },
        "kept bytes a run": {"all tables but the outbox": "bytes_per_run"},
        "waiting records": {"consumer lag": "lag", "outbox": "outbox_rows"},
    }
    figure, axes = plt.subplots(len(charts), 1, figsize=(9, 10), sharex=True, layout="constrained")
    for axis, (title, lines) in zip(axes, charts.items(), strict=True):
        axis.set_title(title, loc="left", fontsize=10)
        for label, name in lines.items():
            axis.plot(minutes, [_value(sample, name) for sample in samples], label=label, linewidth=1.2)
        for kill in kills:
            axis.axvline(kill / 60, color="0.85", linewidth=0.8, zorder=0)
        axis.set_ylim(bottom=0)
        axis.legend(loc="lower right", fontsize=8)
    axes[-1].set_xlabel("minutes; each grey line is a SIGKILL")
    figure.savefig(file, metadata={"Date": None})


def _value(sample: Sample, name: str) -> float:
    if name == "bytes_per_run":
        return sample.kept_bytes / sample.runs if sample.runs > 50 else nan  # before: mostly empty pages
    return float(getattr(sample, name))
