"""People are people: a name is one name under every spelling, and nobody decides on a plan of their own."""

import pytest
from sqlalchemy import Connection, select

from gate_events.words import DeciderKind, DecisionKind
from gate_store.dispositions import Fate
from gate_store.tables import decisions
from tests.store.acting import ask, decide, fates, state_of
from tests.store.examples import asked, decided

SPELLINGS = ["{}", " {}", "{} ", "{}\u00a0", "{upper}", "{title}", "{wide}"]


def spelled(how: str, name: str) -> str:
    wide = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in name)
    return how.format(name, upper=name.upper(), title=name.title(), wide=wide)


@pytest.mark.parametrize("how", SPELLINGS)
@pytest.mark.parametrize("name", ["billing-service", "biller"])
@pytest.mark.parametrize("reviewers", [(), ("billing-service", "biller", "ada")])
@pytest.mark.parametrize("decider", [DeciderKind.PERSON, DeciderKind.SERVICE])
def test_proposer_and_agent_never_decide_however_they_are_spelled(
    conn: Connection, how: str, name: str, reviewers: tuple[str, ...], decider: DeciderKind
) -> None:
    request = asked(reviewers=reviewers)
    ask(conn, request)
    [became] = decide(conn, decided(request, by=spelled(how, name), decider=decider))
    assert (became.fate, state_of(conn, request)) == (Fate.REFUSED, "PENDING")


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_quorum_counts_one_person_once_however_spelled(conn: Connection, how: str) -> None:
    request = asked(quorum=2)
    ask(conn, request)
    decide(conn, decided(request, by="ada"))
    [became] = decide(conn, decided(request, by=spelled(how, "ada"), name="again"))
    assert (became.fate, state_of(conn, request)) == (Fate.REFUSED, "PENDING")
    assert fates(decide(conn, decided(request, by="bob"))) == [Fate.DECIDED]


def test_a_quorum_counts_one_person_once_within_a_batch(conn: Connection) -> None:
    request = asked(quorum=2)
    ask(conn, request)
    assert fates(decide(conn, decided(request), decided(request, by="ADA"))) == [Fate.COUNTED, Fate.REFUSED]


def test_combining_and_composed_letters_are_one_name(conn: Connection) -> None:
    request = asked(quorum=2)
    ask(conn, request)
    twice = decided(request, by="Zo\u00eb"), decided(request, by="zoe\u0308")
    assert fates(decide(conn, *twice)) == [Fate.COUNTED, Fate.REFUSED]


@pytest.mark.parametrize("how", SPELLINGS)
def test_a_listed_reviewer_decides_under_every_spelling(conn: Connection, how: str) -> None:
    request = asked(reviewers=("Ada",))
    ask(conn, request)
    assert fates(decide(conn, decided(request, by=spelled(how, "ada")))) == [Fate.DECIDED]


@pytest.mark.parametrize("how", SPELLINGS)
def test_the_proposer_withdraws_under_every_spelling(conn: Connection, how: str) -> None:
    request = asked()
    ask(conn, request)
    by = spelled(how, "billing-service")
    withdrawn = decided(request, DecisionKind.WITHDRAW, by, decider=DeciderKind.PROPOSER)
    assert fates(decide(conn, withdrawn)) == [Fate.DECIDED]


def test_nobody_withdraws_in_the_name_of_the_agent(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    assert fates(decide(conn, decided(request, DecisionKind.WITHDRAW, "biller"))) == [Fate.REFUSED]


@pytest.mark.parametrize("mark", ["\u200b", "\u202e", "\u3164", "\u00ad", "\ufe0f", "\u0085", "\u2028"])
def test_a_name_with_what_nobody_sees_is_refused_and_told(conn: Connection, mark: str) -> None:
    request = asked()
    ask(conn, request)
    [became] = decide(conn, decided(request, by=f"a{mark}da"))
    assert (became.fate, state_of(conn, request)) == (Fate.REFUSED, "PENDING")
    assert f"U+{ord(mark):04X}" in became.why


def test_names_are_kept_as_written_and_as_they_are_compared(conn: Connection) -> None:
    request = asked()
    ask(conn, request)
    decide(conn, decided(request, by=" Ada  Lovelace"))
    row = conn.execute(select(decisions.c.decided_by, decisions.c.name)).one()
    assert tuple(row) == (" Ada  Lovelace", "ada lovelace")
