"""The judge of poison: what is neither buried nor taken back is lost, and what was taken back is not read."""

from dataclasses import replace
from typing import Any

import pytest

from gate_events.records import DecisionMade
from plangate.torture.buried import Buried
from plangate.torture.chance import chance
from plangate.torture.evidence import Evidence
from plangate.torture.liars.poisoner import ANYWHERE, IN_TRANSACTIONS, Dose, Known
from plangate.torture.liars.told import Poison, Told
from plangate.torture.liars.voices import End
from plangate.torture.poisoned import buried_poison, is_of_poison, lost_poison, read_though_aborted
from plangate.torture.rows import DecisionRow
from tests.faults.test_judge import CLEAN, DECISION, PLAN, REQUEST
from tests.faults.test_judge_lies import ROWS

PLACE = ("plans", "0", "7")
LETTER = Buried(b"", "offsets 7 to 7 cannot be unpacked: gzip", place=PLACE)


def told(*, aborted: bool = False, record: Any = None) -> Evidence:
    register = Told()
    register.expect(b"poison" * 100, record)
    register.note_poison(Poison("bomb", PLACE, aborted, record))
    return replace(CLEAN, told=register, rows=ROWS)


def test_poison_without_a_dead_letter_is_lost() -> None:
    assert list(lost_poison(told())) == ["bomb on plans-0 at 7 is no dead letter"]
    buried = replace(told(), buried=[LETTER])
    assert list(lost_poison(buried)) == []
    assert buried_poison(buried) == 1


def test_what_was_aborted_needs_no_letter_and_may_have_none() -> None:
    assert list(lost_poison(told(aborted=True))) == []
    assert list(read_though_aborted(told(aborted=True))) == []
    read = replace(told(aborted=True), buried=[LETTER])
    assert list(read_though_aborted(read)) == ["bomb on plans-0 at 7 was aborted, and read"]


@pytest.mark.parametrize("record", [DECISION, PLAN])
def test_an_aborted_word_that_the_store_has_was_read(record: Any) -> None:
    rows = replace(ROWS, decisions=[DecisionRow(DECISION, "REFUSED")])
    assert len(list(read_though_aborted(replace(told(aborted=True, record=record), rows=rows)))) == 1


def test_letters_of_poison_are_known_by_place_by_their_beginning_or_as_a_batch() -> None:
    for letter in (LETTER, replace(LETTER, place=None), Buried(b"poison", "cut: …")):
        assert is_of_poison(letter, told())
    assert not is_of_poison(Buried(b"honest", "something"), told())
    assert not is_of_poison(replace(LETTER, place=None), CLEAN)


@pytest.mark.parametrize("name", [*ANYWHERE, *IN_TRANSACTIONS])
def test_every_kind_of_poison_is_made_and_only_what_is_taken_back_could_be_believed(name: str) -> None:
    known = Known(1, chance(1), 1, REQUEST, PLAN)
    dose = {**ANYWHERE, **IN_TRANSACTIONS}[name](known)
    assert isinstance(dose, Dose)
    assert (dose.record is None) or dose.end is End.ABORTED
    assert (dose.end is End.ABORTED) == (name.endswith("_taken_back") or name == "noise_aborted")
    if isinstance(dose.record, DecisionMade):
        assert dose.record.digest == REQUEST.digest  # it would count
