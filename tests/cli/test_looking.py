"""Who looked at a gate is noted where they say who they are, and told to the next one who looks."""

from collections.abc import Sequence

import pytest

from gate_events.records import ApprovalRequested
from gate_store.database import open_store
from tests.claims.gate import asked, commit, proposed, step
from tests.cli.commands import Shell


def waiting(shell: Shell, *names: str, agent: str = "biller") -> list[ApprovalRequested]:
    """Gates that wait in the folder's store."""
    requests = [asked(proposed(step("pay", what=name), name=name)) for name in names]
    store = open_store(f"sqlite:///{shell.folder / 'plangate.db'}")
    with store.begin() as conn:
        assert commit(conn, *requests).refused == {}
    store.dispose()
    return requests


def looks(shell: Shell, request: ApprovalRequested) -> Sequence[tuple[str, str]]:
    [gate] = shell.run("show", str(request.request_id), "--json").json["gates"]
    return [(each["what"], each["who"]) for each in gate["views"]]


def test_a_list_delivers_and_an_opened_gate_is_seen(stored: Shell) -> None:
    one, other = waiting(stored, "one", "other")
    assert "delivered" not in stored.run("pending", "--by", "ana").out
    assert stored.run("pending").out.count("delivered to ana") == 2
    stored.with_(PLANGATE_REVIEWER="ben").run("pending", "--json")
    stored.run("show", str(one.request_id)[:6], "--by", "ana")
    assert looks(stored, one) == [("DELIVERED", "ana"), ("DELIVERED", "ben"), ("SEEN", "ana")]
    assert looks(stored, other) == [("DELIVERED", "ana"), ("DELIVERED", "ben")]
    listed = stored.run("pending").out
    assert "seen by ana" in listed
    assert "delivered to ana and ben" in listed
    shown = stored.run("show", str(one.request_id)).out
    assert [line.split()[:3] for line in shown.splitlines() if " ana " in line] == [
        ["delivered", "to", "ana"],
        ["seen", "by", "ana"],
    ]


def test_nobody_looks_where_nobody_says_who_and_who_may_not_decide_is_nobody(stored: Shell) -> None:
    [request] = waiting(stored, "one")
    for command in (["pending"], ["show", str(request.request_id)]):
        assert stored.run(*command).code == 0
        assert stored.run(*command, "--by", request.proposer).code == 0
        assert stored.run(*command, "--by", request.agent.name).code == 0
    assert looks(stored, request) == []
    assert "nobody is known to have looked" in stored.run("show", str(request.request_id)).out
    stored.run("pending", "--by", "a\u200bna").complains("U+200B", "leave it out of --by")


def test_a_list_that_is_a_part_says_of_how_many_and_pages(stored: Shell) -> None:
    waiting(stored, "one", "other", "third")
    ids: list[str] = []
    for page, told in {"1": "1 to 2 of 3", "2": "3 to 3 of 3", "3": "none of 3"}.items():
        ended = stored.run("pending", "--limit", "2", "--page", page, "--json")
        ids += [each["request_id"] for each in ended.json]
        assert f"{told}; --page and --limit show the others" in ended.err
        assert told in stored.run("pending", "--limit", "2", "--page", page).err
    assert len(ids) == len({*ids}) == 3
    assert " of 3" not in stored.run("pending", "--limit", "3").err


def test_what_is_listed_may_be_narrowed(stored: Shell) -> None:
    waiting(stored, "one", "other")
    for narrowed, count in {
        ("--tier", "3"): 2,
        ("--tier", "reversible"): 0,
        ("--agent", "Biller"): 2,
        ("--proposer", "nobody"): 0,
        ("--by", "ana", "--mine"): 2,
        ("--by", "biller", "--mine"): 0,
        ("--expired",): 0,
    }.items():
        assert len(stored.run("pending", "--json", *narrowed).json) == count, narrowed
    assert "nothing of that kind waits" in stored.run("pending", "--tier", "1").out
    stored.run("pending", "--mine").complains("--by NAME, or PLANGATE_REVIEWER")
    stored.run("pending", "--tier", "4").complains("no tier is '4'", "IRREVERSIBLE")
    stored.run("pending", "--older", "soon").complains("'soon' is no duration", "8h")


@pytest.mark.parametrize("length", [4, 8, 36])
def test_to_read_a_few_characters_do_and_it_says_whose(stored: Shell, length: int) -> None:
    [request] = waiting(stored, "one")
    first = stored.run("show", str(request.request_id)[:length]).out.splitlines()[0]
    assert first == f"gate {request.request_id} of plan {request.plan_id}"
    by_plan = stored.run("show", str(request.plan_id)[:length]).out.splitlines()[0]
    assert by_plan == f"plan {request.plan_id}"
