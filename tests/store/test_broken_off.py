"""An upgrade on PostgreSQL commits step by step: one that broke off is repeated, and ends the same."""

import pytest
from alembic import op
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from gate_store.database import open_store
from gate_store.migrate import behind, upgrade

_HELD = "SELECT conname FROM pg_constraint WHERE NOT convalidated"
_LAWS = (
    "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION SELECT conname FROM pg_constraint"
    " UNION SELECT indexrelid::regclass::text FROM pg_index WHERE indisvalid"
)


def names(conn: Connection, query: str) -> set[str]:
    return {str(name) for name in conn.execute(text(query)).scalars()}


@pytest.mark.parametrize("steps", [3, 9, 15, 20, 30])
def test_an_upgrade_that_broke_off_is_repeated(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    done = 0

    def until_it_breaks(statement: str) -> None:
        nonlocal done
        done += 1
        if done > steps:
            raise OperationalError(statement, {}, ConnectionError("the server went away"))
        op.get_bind().execute(text(statement))

    with monkeypatch.context() as broken:
        broken.setattr(op, "execute", until_it_breaks)
        with pytest.raises(OperationalError, match="the server went away"):
            upgrade(postgres_url)
    assert "0001" in (behind(postgres_url) or "")
    upgrade(postgres_url)
    assert behind(postgres_url) is None
    store = open_store(postgres_url)
    with store.connect() as conn:
        assert names(conn, _HELD) == set()
        assert {"a_run_executes_its_own_plan", "a_clearance_is_of_one_plan", "tokens_only_grow"} <= names(
            conn, _LAWS
        )
    store.dispose()
