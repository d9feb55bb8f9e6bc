"""The statement that makes the acts of many runs durable, and those that explain a refusal.

One statement, parameters as arrays, a CTE for each table. `fence` comes first in meaning: it updates the runs
that are still held under their token and locks them. A run that it does not return has lost its lease, and
the caller rolls everything back. The order of the parameters is `Batch.parameters`.
"""

# Why a step may not begin yet: the steps that stand before it and have not begun with their cleared content.
_BEFORE = """
        json_array_elements_text(s.after) WITH ORDINALITY AS n(step_id, place)
        LEFT JOIN cleared_steps AS p ON p.digest = s.digest AND p.step_id = n.step_id
        WHERE NOT EXISTS (
            SELECT 1 FROM effects AS b
            WHERE b.plan_id = c.plan_id AND b.step_id = n.step_id AND b.step_digest = p.step_digest
                AND b.attempts > 0)
"""

FLUSH = f"""
WITH fence AS (
    UPDATE runs AS r SET
        head_id = coalesce(a.head, r.head_id),
        status = coalesce(a.status, r.status),
        lease_until = CASE WHEN a.status IS NULL THEN r.lease_until END,
        worker = CASE WHEN a.status IS NULL THEN r.worker END,
        error = CASE WHEN a.status IS NULL THEN r.error ELSE a.error END,
        plan_id = CASE WHEN a.status = 'PAUSED' THEN a.plan_id ELSE r.plan_id END,
        asked_digest = CASE WHEN a.status = 'PAUSED' AND a.plan_id IS DISTINCT FROM r.plan_id
                            THEN a.asked_digest ELSE r.asked_digest END,
        pause = CASE WHEN a.status = 'PAUSED' THEN a.pause::json ELSE r.pause END,
        digest = CASE WHEN a.status = 'PAUSED' THEN NULL ELSE r.digest END,
        use_by = CASE WHEN a.status = 'PAUSED' THEN NULL ELSE r.use_by END,
        answer = CASE WHEN a.status IN ('PAUSED', 'DONE') THEN NULL ELSE r.answer END,
        attempts = CASE WHEN a.status = 'PAUSED' THEN 0 ELSE r.attempts END,
        alone = r.alone AND a.status IS NULL,
        not_before = CASE WHEN a.status = 'READY' THEN coalesce(a.not_before, now()) ELSE r.not_before END,
        updated_at = now()
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[],
                $8::timestamptz[], $9::text[])
        AS a(thread_id, token, head, status, error, pause, plan_id, not_before, asked_digest)
    WHERE r.thread_id = a.thread_id AND r.token = a.token AND r.status = 'RUNNING'
    RETURNING r.thread_id, r.token, r.digest, r.worker
),
asked AS (
    SELECT i.*, f.token, f.worker, f.digest
    FROM unnest($10::text[], $11::bigint[], $12::uuid[], $13::text[], $14::text[], $15::text[], $16::text[],
                $17::bool[]) WITH ORDINALITY
        AS i(thread_id, run_token, effect_id, step_id, step_digest, action_type, window_key, again, place)
    JOIN fence AS f ON f.thread_id = i.thread_id AND f.token = i.run_token
),
stopped AS (
    SELECT i.effect_id FROM asked AS i
    WHERE EXISTS (
        SELECT FROM stops AS t
        WHERE t.ended_at IS NULL AND (t.action_type IS NULL OR t.action_type = i.action_type))
),
intent AS (
    SELECT i.*, c.plan_id
    FROM asked AS i
    JOIN clearances AS c ON c.digest = i.digest
    JOIN cleared_steps AS s
        ON s.digest = c.digest AND s.step_id = i.step_id AND s.step_digest = i.step_digest
    WHERE NOT EXISTS (SELECT FROM stopped AS t WHERE t.effect_id = i.effect_id)
    AND (c.use_by IS NULL OR c.use_by > now()
        OR EXISTS (
            SELECT FROM effects AS e
            WHERE e.plan_id = c.plan_id AND e.digest = c.digest
                AND (coalesce(c.begun_until, c.use_by + (c.use_by - c.cleared_at)) > now()
                     OR e.token = i.token AND e.executor = i.worker)))
    AND NOT EXISTS (
        SELECT 1 FROM effects AS o
        WHERE o.plan_id = c.plan_id AND o.step_id = s.step_id AND o.step_digest <> s.step_digest
            AND o.state IN ('CLAIMED', 'IN_DOUBT'))
    AND NOT EXISTS (
        SELECT 1 FROM {_BEFORE}
        AND NOT EXISTS (
            SELECT 1 FROM asked AS a
            WHERE a.thread_id = i.thread_id AND a.place < i.place
                AND a.step_id = n.step_id AND a.step_digest = p.step_digest))
),
begun AS (
    INSERT INTO effects (effect_id, plan_id, digest, step_id, step_digest, action_type, thread_id, token,
                         executor, state, window_key, attempts, detail, claimed_at)
    SELECT effect_id, plan_id, digest, step_id, step_digest, action_type, thread_id, token,
           worker, 'CLAIMED', window_key, 1, '', now()
    FROM intent
    ON CONFLICT (effect_id) DO NOTHING
    RETURNING effect_id
),
again AS (
    UPDATE effects AS e SET
        state = 'CLAIMED', attempts = e.attempts + 1, token = i.token, executor = i.worker,
        claimed_at = now(), finished_at = NULL, result = NULL, detail = '', doubt_id = NULL,
        owner = current_user
    FROM intent AS i
    WHERE e.effect_id = i.effect_id AND e.digest = i.digest AND e.step_digest = i.step_digest
        AND (e.state = 'RETRY'
             OR i.again AND (e.state = 'FAILED' OR e.state = 'CLAIMED' AND e.token < i.token))
    RETURNING e.effect_id
),
finished AS (
    UPDATE effects AS e SET
        state = o.state, detail = o.detail, result = o.result::json, token = f.token,
        doubt_id = o.doubt_id,
        finished_at = CASE WHEN o.state IN ('SUCCEEDED', 'FAILED') THEN now() END
    FROM unnest($18::text[], $19::bigint[], $20::uuid[], $21::text[], $22::text[], $23::text[],
                $24::uuid[])
        AS o(thread_id, run_token, effect_id, state, detail, result, doubt_id)
    JOIN fence AS f ON f.thread_id = o.thread_id AND f.token = o.run_token
    WHERE e.effect_id = o.effect_id AND e.thread_id = o.thread_id AND e.state IN ('CLAIMED', 'IN_DOUBT')
    RETURNING e.effect_id
),
put_blobs AS (
    INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
    SELECT * FROM unnest($25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::bytea[])
    ON CONFLICT (thread_id, checkpoint_ns, channel, version) DO NOTHING
),
put_checkpoints AS (
    INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint,
                             metadata)
    SELECT k.thread_id, k.ns, k.id, k.parent, k.checkpoint::jsonb, k.metadata::jsonb
    FROM unnest($31::text[], $32::text[], $33::text[], $34::text[], $35::text[], $36::text[])
        AS k(thread_id, ns, id, parent, checkpoint, metadata)
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id)
    DO UPDATE SET checkpoint = EXCLUDED.checkpoint, metadata = EXCLUDED.metadata
),
kept_writes AS (
    INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel,
                                   type, blob)
    SELECT * FROM unnest($37::text[], $38::text[], $39::text[], $40::text[], $41::text[], $42::int[],
                         $43::text[], $44::text[], $45::bytea[])
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO NOTHING
),
replaced_writes AS (
    INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel,
                                   type, blob)
    SELECT * FROM unnest($46::text[], $47::text[], $48::text[], $49::text[], $50::text[], $51::int[],
                         $52::text[], $53::text[], $54::bytea[])
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
    DO UPDATE SET channel = EXCLUDED.channel, type = EXCLUDED.type, blob = EXCLUDED.blob
),
put_outbox AS (
    INSERT INTO outbox (event_id, record, key, body, contract, traceparent, created_at)
    SELECT o.*, now()
    FROM unnest($55::uuid[], $56::text[], $57::text[], $58::bytea[], $59::text[], $60::text[]) AS o
    ON CONFLICT (event_id) DO NOTHING
)
SELECT
    array(SELECT thread_id FROM fence) AS held_threads,
    array(SELECT token FROM fence) AS held_tokens,
    array(SELECT effect_id FROM begun) || array(SELECT effect_id FROM again) AS started,
    array(SELECT effect_id FROM finished) AS finished,
    array(SELECT effect_id FROM stopped) AS stopped
"""  # noqa: S608 - composed of constants

# Why an intent was refused, in words for the graph's author. Read after the rollback.
WHY_REFUSED = f"""
SELECT CASE
    WHEN r.digest IS NULL THEN 'its run has no cleared plan'
    WHEN s.step_id IS NULL THEN 'the cleared plan has no such step'
    WHEN s.step_digest <> $3 THEN 'its content is not what was cleared'
    WHEN e.state <> 'RETRY' OR e.state = 'RETRY' AND NOT coalesce(c.use_by <= now(), false)
        THEN 'it was begun before and is ' || e.state
    WHEN EXISTS (
        SELECT 1 FROM effects AS o
        WHERE o.plan_id = c.plan_id AND o.step_id = s.step_id AND o.step_digest <> s.step_digest
            AND o.state IN ('CLAIMED', 'IN_DOUBT'))
        THEN 'what an earlier revision made of it is not known to have ended'
    WHEN c.use_by <= now() THEN 'the approval was good until ' || c.use_by
    ELSE 'no verdict or clearance covers it'
END AS why,
    s.step_digest = $3 AND (e.effect_id IS NULL OR e.state IN ('RETRY', 'FAILED'))
        AND c.use_by <= now() AS outdated,
    CASE WHEN s.step_digest = $3 AND (e.effect_id IS NULL OR e.state IN ('RETRY', 'FAILED'))
         THEN (SELECT n.step_id FROM {_BEFORE} ORDER BY n.place LIMIT 1) END AS not_begun
FROM runs AS r
LEFT JOIN clearances AS c ON c.digest = r.digest
LEFT JOIN cleared_steps AS s ON s.digest = r.digest AND s.step_id = $2
LEFT JOIN effects AS e ON e.effect_id = $4
WHERE r.thread_id = $1
"""  # noqa: S608 - composed of constants

# FOR SHARE waits until the backend that may still be committing is through.
FATE_RUN = "SELECT token, status, head_id FROM runs WHERE thread_id = $1 FOR SHARE"
FATE_CHECKPOINTS = "SELECT checkpoint_id FROM checkpoints WHERE thread_id = $1 AND checkpoint_id = ANY($2)"
FATE_EFFECTS = "SELECT effect_id, token, state FROM effects WHERE effect_id = ANY($1)"
FATE_OUTBOX = "SELECT event_id FROM outbox WHERE event_id = ANY($1)"
