"""No test holds a wall clock between import and run: the suite may take long to come to it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.suite.clocks import clocks_read

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "source",
    [
        "NOW = datetime.now(UTC)",
        "AGO = utc_now() - HOUR",
        "if FAST:\n START = time.monotonic()",
        "class Case:\n at: float = time.time()",
        "def test(at=datetime.now(UTC)): ...",
        "async def test(*, at=time.time()): ...",
        "@pytest.mark.parametrize('at', [datetime.now(UTC) - HOUR])\ndef test(at): ...",
        "later = lambda at=utc_now(): at",
        "def asked(): return request(now())\ndef both(): return asked()\nREQUEST = both()",
        "from tests.there import asked as ask\nREQUEST = ask()",
        "PLAN = proposal(1, utc_now)",
        "def proposed(number): return proposal(number, clock=utc_now)\nPLANS = [*map(proposed, range(3))]",
    ],
)
def test_a_clock_that_is_read_at_import_is_found(source: str) -> None:
    there = "def asked(): return request(utc_now())"
    assert clocks_read({"tests.here": source, "tests.there": there})


@pytest.mark.parametrize(
    "source",
    [
        "def test():\n at = datetime.now(UTC)",
        "class Test:\n def test(self): return time.time()",
        "clock = lambda: utc_now()",
        "clock = utc_now",
        "NOON = datetime(2026, 11, 24, 12)",
        "def main(): print(time.time())\nif __name__ == '__main__':\n main()",
    ],
)
def test_a_clock_that_is_read_when_a_test_runs_is_none_of_it(source: str) -> None:
    assert clocks_read({"tests.here": source}) == []


def test_no_module_of_the_suite_reads_a_clock_at_import() -> None:
    sources = {
        ".".join(file.relative_to(TESTS.parent).with_suffix("").parts): file.read_text()
        for file in TESTS.rglob("*.py")
    }
    assert len(sources) > 100
    assert clocks_read(sources) == []


def test_no_example_fails_for_being_slow() -> None:
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check
