"""The statements that hand runs out and take them back. Time is the database's."""

# Blobs and writes come as AsyncPostgresSaver reads them, for its own loaders.
_HEAD_COLUMNS = """
    h.thread_id, h.checkpoint_ns, h.checkpoint_id, h.parent_checkpoint_id, h.checkpoint, h.metadata,
    (
        SELECT array_agg(array[convert_to(b.channel, 'UTF8'), convert_to(b.type, 'UTF8'), b.blob])
        FROM jsonb_each_text(
            CASE jsonb_typeof(h.checkpoint -> 'channel_versions')
                WHEN 'object' THEN h.checkpoint -> 'channel_versions' END
        ) AS v
        JOIN checkpoint_blobs AS b
            ON b.thread_id = h.thread_id AND b.checkpoint_ns = h.checkpoint_ns
            AND b.channel = v.key AND b.version = v.value
    ) AS channel_values,
    (
        SELECT array_agg(array[convert_to(w.task_id, 'UTF8'), convert_to(w.channel, 'UTF8'),
                               convert_to(w.type, 'UTF8'), w.blob, convert_to(w.task_path, 'UTF8'),
                               convert_to(w.idx::text, 'UTF8')])
        FROM checkpoint_writes AS w
        WHERE w.thread_id = h.thread_id AND w.checkpoint_ns = h.checkpoint_ns
            AND w.checkpoint_id = h.checkpoint_id
    ) AS pending_writes
"""

_CLAIM = f"""
WITH chosen AS MATERIALIZED (
    SELECT thread_id FROM runs
    WHERE status = 'READY' AND {{which}}
    ORDER BY not_before LIMIT $2
    FOR UPDATE SKIP LOCKED
),
claimed AS (
    UPDATE runs AS r SET
        status = 'RUNNING', token = r.token + 1, worker = $1, attempts = r.attempts + 1,
        lease_until = now() + $3::interval, updated_at = now()
    FROM chosen WHERE r.thread_id = chosen.thread_id
    RETURNING r.*
)
SELECT
    c.thread_id AS run_thread_id, c.graph, c.token, c.attempts, c.alone, c.plan_id, c.digest, c.pause,
    c.answer, c.use_by, c.head_id, c.asked_digest, c.traceparent, v.gate_id IS NOT NULL AS is_gated,
    coalesce(v.attempt, 1) AS attempt, now() AS claimed_at,
    coalesce(v.begun_until, v.use_by + (v.use_by - v.cleared_at)) AS begun_until,
    (
        SELECT json_agg(json_build_object(
            'effect_id', e.effect_id, 'digest', e.digest, 'step_digest', e.step_digest,
            'step_id', e.step_id, 'state', e.state, 'attempts', e.attempts, 'detail', e.detail,
            'result', e.result, 'executor', e.executor,
            'is_gone', EXISTS (
                SELECT FROM workers AS w WHERE w.name = e.executor AND w.ended_at IS NOT NULL)))
        FROM effects AS e WHERE e.plan_id = c.plan_id
    ) AS effects,
    {_HEAD_COLUMNS}
FROM claimed AS c
LEFT JOIN clearances AS v ON v.digest = c.digest
LEFT JOIN LATERAL (
    SELECT * FROM checkpoints AS k
    WHERE k.thread_id = c.thread_id AND k.checkpoint_ns = ''
    ORDER BY k.checkpoint_id DESC LIMIT 1
) AS h ON true
ORDER BY c.not_before
"""  # noqa: S608 - composed of constants
_SERVED = """({graphs}::text[] IS NULL OR EXISTS (
        SELECT FROM unnest({graphs}::text[], {marks}::text[]) AS served (graph, mark)
        WHERE served.graph = runs.graph AND position(served.mark IN runs.pause::text) > 0
    ))"""
_OURS = _SERVED.format(graphs="$4", marks="$5")
# Nothing is stopped, in the store or ({held}) on this host alone, that the run's plan has a step of. A plan
# that the version before cleared has no rows in cleared_actions: there the answer itself is searched.
_NOT_STOPPED = """NOT EXISTS (
        SELECT FROM stops AS t WHERE t.ended_at IS NULL AND t.action_type IS NULL
    ) AND NOT EXISTS (
        SELECT FROM (
            SELECT t.action_type FROM stops AS t WHERE t.ended_at IS NULL
            UNION ALL SELECT unnest({held}::text[])
        ) AS h WHERE EXISTS (
            SELECT FROM cleared_actions AS a WHERE a.digest = runs.digest AND a.action_type = h.action_type
        ) OR NOT EXISTS (SELECT FROM cleared_actions AS a WHERE a.digest = runs.digest)
            AND position('"action_type":' || to_json(h.action_type) IN runs.answer::text) > 0)"""
_NOT_HELD = _NOT_STOPPED.format(held="$6")
CLAIM = _CLAIM.format(which=f"NOT alone AND not_before <= now() AND {_OURS} AND {_NOT_HELD}")
CLAIM_ALONE = _CLAIM.format(which=f"alone AND not_before <= now() AND {_OURS} AND {_NOT_HELD}")
# What a stop held has not waited for a worker.
CLAIM_STRANGE = _CLAIM.format(
    which=f"""not_before <= now() - $7::interval AND NOT {_OURS} AND {_NOT_HELD} AND NOT EXISTS (
        SELECT FROM stops AS t WHERE t.ended_at > now() - $7::interval)"""
)

ANY_ALONE = f"""
SELECT EXISTS (
    SELECT FROM runs WHERE status = 'READY' AND alone AND not_before <= now()
        AND {_SERVED.format(graphs="$1", marks="$2")} AND {_NOT_STOPPED.format(held="$3")}
)
"""  # noqa: S608 - composed of constants

READ = f"""
SELECT {_HEAD_COLUMNS}
FROM checkpoints AS h
WHERE h.thread_id = $1 AND h.checkpoint_ns = $2 AND ($3::text IS NULL OR h.checkpoint_id = $3)
ORDER BY h.checkpoint_id DESC LIMIT 1
"""  # noqa: S608 - composed of constants

# Checkpoints older than version 4 keep their sends in the parent's writes.
PENDING_SENDS = """
SELECT array_agg(array[convert_to(type, 'UTF8'), blob] ORDER BY task_path, task_id, idx)
FROM checkpoint_writes
WHERE thread_id = $1 AND checkpoint_ns = $2 AND checkpoint_id = $3 AND channel = $4
"""

FAIL = """
UPDATE runs SET
    status = 'FAILED', error = $3, lease_until = NULL, worker = NULL, alone = false, updated_at = now()
WHERE thread_id = $1 AND token = $2 AND status = 'RUNNING'
"""

RENEW = """
UPDATE runs AS r SET lease_until = now() + $4::interval, updated_at = now()
FROM (SELECT * FROM unnest($2::text[], $3::bigint[]) AS u(thread_id, token) ORDER BY u.thread_id) AS h
WHERE r.thread_id = h.thread_id AND r.token = h.token AND r.worker = $1 AND r.status = 'RUNNING'
RETURNING r.thread_id
"""

# A run without an answer is an agent's that still plans: the orphan watch looks after it.
# Whether the run took its worker down or fell with it, nobody knows: it is tried alone.
REAP = """
UPDATE runs AS r SET
    status = 'READY', token = r.token + 1, lease_until = NULL, worker = NULL, alone = true,
    updated_at = now()
FROM (
    SELECT thread_id FROM runs
    WHERE status = 'RUNNING' AND lease_until < now() AND answer IS NOT NULL
    ORDER BY lease_until LIMIT $1
    FOR UPDATE SKIP LOCKED
) AS expired
WHERE r.thread_id = expired.thread_id
"""

RELEASE = """
UPDATE runs AS r SET
    status = 'READY', token = r.token + 1, lease_until = NULL, worker = NULL,
    attempts = greatest(r.attempts - 1, 0), updated_at = now(),
    not_before = CASE WHEN $4::interval > '0' THEN now() + $4 ELSE r.not_before END
FROM (SELECT * FROM unnest($2::text[], $3::bigint[]) AS u(thread_id, token) ORDER BY u.thread_id) AS h
WHERE r.thread_id = h.thread_id AND r.token = h.token AND r.worker = $1
    AND r.status = 'RUNNING' AND r.answer IS NOT NULL
"""

TAKE_OUTBOX = """
SELECT id, event_id, record, key, body, contract, traceparent FROM outbox
WHERE record = ANY($2) ORDER BY id LIMIT $1
FOR UPDATE SKIP LOCKED
"""
DROP_OUTBOX = "DELETE FROM outbox WHERE id = ANY($1)"
