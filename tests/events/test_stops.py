"""Which stop holds what."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gate_events.stops import Stop, holding

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def stop(action_type: str | None, after_s: int = 0) -> Stop:
    at = NOON + timedelta(seconds=after_s)
    return Stop(stop_id=UUID(int=after_s), action_type=action_type, by="ana", note="wrong", at=at)


ALL, LATER, MAIL, PAY = stop(None), stop(None, 1), stop("mail", 2), stop("pay", 3)


@pytest.mark.parametrize(
    ("stops", "action_type", "held_by"),
    [
        ([], "mail", None),
        ([PAY], "mail", None),
        ([MAIL], "mail", MAIL),
        ([ALL], "mail", ALL),
        ([MAIL, ALL], "mail", ALL),
        ([LATER, ALL], "mail", ALL),
        ([MAIL], "Mail", None),
        ([MAIL], "mail ", None),
        ([stop("")], "mail", None),
    ],
)
def test_an_action_type_is_held_by_a_stop_of_it_or_of_everything(
    stops: list[Stop], action_type: str, held_by: Stop | None
) -> None:
    assert holding(stops, action_type) == held_by


def test_a_stop_says_since_when_by_whom_and_why_and_fakes_no_view() -> None:
    made = Stop(stop_id=UUID(int=0), action_type="pay\n", by="a\u202ena", note="x\r\ny", at=NOON)
    assert str(made) == "pay\\n is stopped since 2026-11-30T12:00:00+00:00 by a\\u202ena: 'x\\r\\ny'"
    assert str(ALL) == "stopped since 2026-11-30T12:00:00+00:00 by ana: 'wrong'"
