"""A reviewer hears at once what a gate does not take, why, and what to do instead."""

from gate_store.database import open_store
from gate_store.half_done import about_the_rest
from tests.cli.commands import Shell
from tests.store.acting import ask
from tests.store.examples import asked, run


def test_a_plan_that_is_half_done_is_not_edited(stored: Shell) -> None:
    request = about_the_rest(asked(run=run(), attempt=2))
    with open_store(f"sqlite:///{stored.folder / 'plangate.db'}").begin() as conn:
        ask(conn, request)
    said = (
        "does not allow EDIT; allowed: APPROVE, REJECT",
        "It is half done",
        "submit what you want instead",
    )
    stored.run("edit", str(request.request_id), "--drop", "s1").complains(*said)
    shown = " ".join(stored.run("show", str(request.request_id)).out.split())
    assert "It is half done" in shown
