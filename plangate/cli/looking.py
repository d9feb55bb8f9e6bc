"""Notes in the store who looked at a gate, where it is known who looks."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from gate_events.names import fault_of_name
from gate_store.database import open_store, utc_now
from gate_store.dialects import store_moment
from gate_store.reviewers import may_decide
from gate_store.views import What, note_views
from plangate.cli.failures import CommandError, line_for
from plangate.cli.output import errors, say
from plangate.settings import Settings

_MAY_NOT = {"42501", "25006"}  # SQLSTATE: no right to write, or a standby

View = Mapping[str, Any]


def looker(settings: Settings, by: str | None) -> str | None:
    """Who looks: as said, or as set; None: nobody says. Raises CommandError.

    The login name is no answer: a script has one, too, and looks at nothing.
    """
    who = by or settings.reviewer or None
    if who and (fault := fault_of_name(who)):
        raise CommandError(f"the name {who!a} {fault}", "leave it out of --by or PLANGATE_REVIEWER")
    return who


def note_look(settings: Settings, who: str | None, what: What, views: Iterable[View]) -> None:
    """That `who` looked at these gates, as far as they wait for a decision that `who` may make.

    A login that may not write leaves no trace, and hears nothing of it: what it came for it has.
    """
    looked_at = [UUID(str(view["request_id"])) for view in views if who and _waits_for(who, view)]
    if not who or not looked_at:
        return
    store = open_store(settings.store_url)
    try:
        with store.begin() as conn:
            note_views(conn, who, what, looked_at, store_moment(conn, utc_now()))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _MAY_NOT:
            say(f"who looked is not noted: {line_for(error)}", errors)
    finally:
        store.dispose()


def _waits_for(who: str, view: View) -> bool:
    reviewers = view["review"]["terms"]["reviewers"]
    return view["state"] == "PENDING" and may_decide(
        who, proposer=view["proposer"], agent=view["agent"]["name"], reviewers=reviewers
    )
