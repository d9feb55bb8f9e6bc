"""The account of which tests used which services, printed when the suite ends."""

from collections import Counter

import pytest

_PROPERTY = "service"

# What runs behind a fixture of the session, as `Apache Kafka 4.3.1`; filled when it starts.
labels: dict[str, str] = {}


def note(item: pytest.Item, label: str) -> None:
    """Write down that `item` uses a service, once."""
    if (_PROPERTY, label) not in item.user_properties:
        item.user_properties.append((_PROPERTY, label))


def note_session_services(item: pytest.Item) -> None:
    """Write down the session's services that `item` asks for, itself or through other fixtures."""
    for name in getattr(item, "fixturenames", ()):
        if name in labels:
            note(item, labels[name])


def summary(stats: dict[str, list[object]]) -> list[str]:
    """Lines that say how many tests ran on which service and which were skipped why."""
    reports = [each for group in stats.values() for each in group if isinstance(each, pytest.TestReport)]
    ran = [_services(report) for report in reports if report.when == "call" and not report.skipped]
    uses = Counter(label for services in ran for label in services)
    skips = Counter(_reason(report) for report in reports if report.skipped)
    return [
        *(f"{label}: {count} tests" for label, count in sorted(uses.items())),
        f"no service: {sum(not services for services in ran)} tests",
        *(f"skipped: {count} tests: {reason}" for reason, count in skips.items()),
        *([] if skips else ["skipped: nothing"]),
    ]


def _services(report: pytest.TestReport) -> list[str]:
    return [str(value) for key, value in report.user_properties if key == _PROPERTY]


def _reason(report: pytest.TestReport) -> str:
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return said.removeprefix("Skipped: ")
