"""Group commit: the acts of many runs in one transaction, and only the bad one fails."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
from langgraph.checkpoint.postgres.base import BasePostgresSaver

from gate_store.engine.fate import Seen, checkpoint_ids, effect_ids, was_committed
from gate_store.engine.port import (
    Act,
    FateUnknownError,
    NotClearedError,
    Refusal,
    StoppedError,
    UnwritableError,
)
from gate_store.engine.postgres.batch import ActRows, Batch, act_rows, refused
from gate_store.engine.postgres.flush_sql import (
    FATE_CHECKPOINTS,
    FATE_EFFECTS,
    FATE_OUTBOX,
    FATE_RUN,
    FLUSH,
    WHY_REFUSED,
)
from gate_store.engine.postgres.line import Line
from gate_store.engine.rows import why_not

TRIES = 3

# The server (or the driver, encoding) says no to the data: nothing was committed.
_REFUSES_DATA = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    UnicodeError,
    OverflowError,
)
_TRY_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
# The server or the way to it is not well. Any other error of the server is a fault of ours, and is raised.
_BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidTransactionStateError,  # idle too long, or the server became a standby
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.InsufficientPrivilegeError,  # taken from us meanwhile, or never given: an operator's to mend
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


class Flusher:
    """Flushes on one connection: the next transaction starts when the last one is through."""

    def __init__(self, line: Line, saver: BasePostgresSaver) -> None:
        self._line = line
        self._saver = saver

    async def flush(self, acts: Sequence[Act]) -> list[Refusal | None]:
        """Make the acts durable; per act None or why it was refused. Raises FateUnknownError."""
        outcomes: list[Refusal | None] = [None] * len(acts)
        waiting: dict[int, ActRows] = {}
        begun: set[UUID] = set()
        for place, act in enumerate(acts):
            try:
                rows = act_rows(act, self._saver)
            except Exception as error:  # a state that cannot be serialised fails its own run
                outcomes[place] = UnwritableError(act.thread_id, f"{type(error).__name__}: {error}")
                continue
            if twice := [i for i in act.intents if i.effect_id in begun]:
                outcomes[place] = NotClearedError(twice[0].step.step_id, "it is being begun already")
                continue
            begun |= {intent.effect_id for intent in act.intents}
            waiting[place] = rows
        await self._settle(waiting, outcomes)
        return outcomes

    async def _settle(self, waiting: dict[int, ActRows], outcomes: list[Refusal | None]) -> None:
        """Commit all; without the refused ones again until the rest is taken."""
        while waiting:
            places = list(waiting)
            try:
                bad = await self._commit(list(waiting.values()))
            except _REFUSES_DATA as error:
                await self._one_by_one(waiting, outcomes, error)
                return
            if not bad:
                return
            for which, refusal in bad.items():
                outcomes[places[which]] = refusal
                del waiting[places[which]]

    async def _one_by_one(
        self, waiting: dict[int, ActRows], outcomes: list[Refusal | None], error: BaseException
    ) -> None:
        if len(waiting) == 1:
            ((place, rows),) = waiting.items()
            outcomes[place] = UnwritableError(rows.act.thread_id, str(error))
            return
        for place, rows in waiting.items():
            await self._settle({place: rows}, outcomes)

    async def _commit(self, acts: list[ActRows]) -> dict[int, Refusal]:
        """One transaction; rolled back where it returns refusals or raises one of _REFUSES_DATA."""
        batch = Batch()
        for rows in acts:
            batch.add(rows)
        parameters = batch.parameters()
        for attempt in range(TRIES):
            try:
                async with self._line.use() as connection:
                    return await self._transact(connection, acts, parameters)
            except _REFUSES_DATA:
                raise
            except _TRY_AGAIN as error:
                if attempt == TRIES - 1:
                    raise FateUnknownError(error) from error
            except _BROKEN as error:
                raise FateUnknownError(error) from error
        raise AssertionError("unreachable")

    async def _transact(
        self, connection: Any, acts: list[ActRows], parameters: list[list[Any]]
    ) -> dict[int, Refusal]:
        transaction = connection.transaction()
        await transaction.start()
        try:
            bad = refused(acts, await connection.fetchrow(FLUSH, *parameters))
        except BaseException:
            if not connection.is_closed():
                await transaction.rollback()
            raise
        if not bad:
            await transaction.commit()
            return {}
        await transaction.rollback()
        return {place: await _explained(connection, acts[place].act, why) for place, why in bad.items()}

    async def fate(self, act: Act) -> bool:
        """Whether the act is in the store, once no backend can be committing it any more."""
        async with self._line.use() as connection, connection.transaction():
            run = await connection.fetchrow(FATE_RUN, act.thread_id)
            if run is None:
                return False
            there = await connection.fetch(FATE_CHECKPOINTS, act.thread_id, checkpoint_ids(act))
            effects = await connection.fetch(FATE_EFFECTS, effect_ids(act))
            sent = await connection.fetch(FATE_OUTBOX, [row.event_id for row in act.outbox])
        seen = Seen(
            token=run["token"],
            status=run["status"],
            head_id=run["head_id"],
            checkpoints=frozenset(row["checkpoint_id"] for row in there),
            effects={row["effect_id"]: (row["token"], row["state"]) for row in effects},
            outbox=frozenset(row["event_id"] for row in sent),
        )
        return was_committed(act, seen)


async def _explained(connection: Any, act: Act, refusal: Refusal) -> Refusal:
    if not isinstance(refusal, NotClearedError) or isinstance(refusal, StoppedError):
        return refusal
    intent = next(i for i in act.intents if i.step.step_id == refusal.step_id)
    found = await connection.fetchrow(
        WHY_REFUSED, act.thread_id, refusal.step_id, intent.step_digest, intent.effect_id
    )
    return why_not(refusal.step_id, found) if found else refusal
