"""What a laboratory found."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gate_policy.catalogue import Catalogue
from plangate.torture.evidence import Evidence
from plangate.torture.honesty import Honesty
from plangate.torture.judge import Findings, doubts, judge
from plangate.torture.poisoned import buried_poison, lost_poison, read_though_aborted
from plangate.torture.refusals import refused_lies
from plangate.torture.strays import stray_letters


@dataclass(frozen=True)
class Report:
    """The counts, and the cases behind those that must be zero."""

    counts: dict[str, Any]
    findings: Findings

    @property
    def clean(self) -> bool:
        """Whether every count that must be zero is."""
        return not any(self.findings.values())


def report(evidence: Evidence, catalogue: Catalogue, done: Counter[str], seed: int, seconds: float) -> Report:
    """Judge the evidence."""
    strays = stray_letters(evidence, Honesty(evidence, catalogue), catalogue)
    findings = {**judge(evidence, catalogue), "dead_letters": list(strays)}
    findings["lies_believed"] += read_though_aborted(evidence)
    findings["poison_lost"] = list(lost_poison(evidence))
    wrong = {name: len(cases) for name, cases in findings.items()}
    counts = {
        "plans": len({each.plan_id for each in evidence.proposed}),
        "kills": done["kill"],
        "pauses": done["pause"],
        "restarts": done["restart"],
        "unapproved": wrong["unapproved"],
        "blind_repeats": wrong["blind_repeats"],
        "lost_plans": wrong["lost_plans"],
        "lost_decisions": wrong["lost_decisions"],
        "contradictions": wrong["contradictions"],
        "dead_letters": wrong["dead_letters"],
        "in_doubt": doubts(evidence),
        "in_doubt_unexplained": wrong["in_doubt_unexplained"],
        "unfinished": wrong["unfinished"],
        "lies": len({lie.number for lie in evidence.lies}),
        "lies_refused": len(refused_lies(evidence)),
        "lies_believed": wrong["lies_believed"],
        "poison": len(evidence.told.poison),
        "poison_buried": buried_poison(evidence),
        "poison_lost": wrong["poison_lost"],
        "seed": seed,
        "seconds": round(seconds, 1),
    }
    return Report(counts, findings)


def keep(found: Report, folder: Path) -> None:
    """Write it beside the logs."""
    whole = {"counts": found.counts, "findings": found.findings}
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(whole)))
