"""What waits for Kafka is told apart for ever."""

from sqlalchemy import Connection, delete, select

from gate_store import outbox
from gate_store.tables import outbox as rows
from tests.store.examples import NOON, plan_id, proposed


def test_the_id_of_a_forgotten_row_is_never_given_again(conn: Connection) -> None:
    """A second relay that published the same row forgets it too, by its id, when another stands there."""
    outbox.put(conn, [proposed(plan_id("first"))], NOON)
    published = conn.execute(select(rows.c.id)).scalar_one()
    conn.execute(delete(rows).where(rows.c.id == published))
    outbox.put(conn, [proposed(plan_id("next"))], NOON)
    conn.execute(delete(rows).where(rows.c.id == published))
    assert conn.execute(select(rows.c.key)).scalars().all() == [str(plan_id("next"))]
