"""The statements of one act, those that explain a refusal, and those that tell an act's fate."""

FENCE = """
UPDATE runs SET
    head_id = coalesce(:head, head_id),
    status = coalesce(:status, status),
    lease_until = CASE WHEN :status IS NULL THEN lease_until END,
    worker = CASE WHEN :status IS NULL THEN worker END,
    error = CASE WHEN :status IS NULL THEN error ELSE :error END,
    plan_id = CASE WHEN :status = 'PAUSED' THEN :plan_id ELSE plan_id END,
    asked_digest = CASE WHEN :status = 'PAUSED' AND :plan_id IS NOT plan_id
                        THEN :asked_digest ELSE asked_digest END,
    pause = CASE WHEN :status = 'PAUSED' THEN :pause ELSE pause END,
    digest = CASE WHEN :status = 'PAUSED' THEN NULL ELSE digest END,
    use_by = CASE WHEN :status = 'PAUSED' THEN NULL ELSE use_by END,
    answer = CASE WHEN :status IN ('PAUSED', 'DONE') THEN NULL ELSE answer END,
    attempts = CASE WHEN :status = 'PAUSED' THEN 0 ELSE attempts END,
    alone = alone AND :status IS NULL,
    not_before = CASE WHEN :status = 'READY' THEN coalesce(:not_before, :now) ELSE not_before END,
    updated_at = :now
WHERE thread_id = :thread_id AND token = :token AND status = 'RUNNING'
"""

# The first step that stands before it and has not begun with its cleared content.
_NOT_BEGUN = """
    SELECT n.value FROM json_each(s.after) AS n
    LEFT JOIN cleared_steps AS p ON p.digest = s.digest AND p.step_id = n.value
    WHERE NOT EXISTS (
        SELECT 1 FROM effects AS b
        WHERE b.plan_id = c.plan_id AND b.step_id = n.value AND b.step_digest = p.step_digest
            AND b.attempts > 0)
    ORDER BY n.key LIMIT 1
"""

STOPPED = """
SELECT 1 FROM stops WHERE ended_at IS NULL AND (action_type IS NULL OR action_type = :action_type) LIMIT 1
"""

_COVERED = f"""
    FROM runs AS r
    JOIN clearances AS c ON c.digest = r.digest
    JOIN cleared_steps AS s
        ON s.digest = c.digest AND s.step_id = :step_id AND s.step_digest = :step_digest
    WHERE r.thread_id = :thread_id AND r.token = :token AND r.status = 'RUNNING' AND (
        c.use_by IS NULL OR c.use_by > :now
        OR EXISTS (
            SELECT 1 FROM effects AS e
            WHERE e.plan_id = c.plan_id AND e.digest = c.digest
                AND (coalesce(julianday(c.begun_until), 2 * julianday(c.use_by) - julianday(c.cleared_at))
                         > julianday(:now)
                     OR e.token = r.token AND e.executor = r.worker)))
    AND NOT EXISTS (
        SELECT 1 FROM effects AS o
        WHERE o.plan_id = c.plan_id AND o.step_id = s.step_id AND o.step_digest <> s.step_digest
            AND o.state IN ('CLAIMED', 'IN_DOUBT'))
    AND NOT EXISTS ({_NOT_BEGUN})
    AND NOT EXISTS ({STOPPED})
"""  # noqa: S608 - composed of constants

BEGIN_EFFECT = f"""
INSERT INTO effects (effect_id, plan_id, digest, step_id, step_digest, action_type, thread_id, token,
                     executor, state, window_key, attempts, detail, claimed_at)
SELECT :effect_id, c.plan_id, s.digest, s.step_id, s.step_digest, :action_type, r.thread_id, r.token,
       r.worker, 'CLAIMED', :window_key, 1, '', :now
{_COVERED}
ON CONFLICT (effect_id) DO NOTHING
"""

REPEAT_EFFECT = f"""
UPDATE effects SET
    state = 'CLAIMED', attempts = attempts + 1, token = :token, claimed_at = :now, finished_at = NULL,
    result = NULL, detail = '', doubt_id = NULL,
    executor = (SELECT worker FROM runs WHERE thread_id = :thread_id)
WHERE effect_id = :effect_id AND step_digest = :step_digest AND digest = (SELECT s.digest {_COVERED})
    AND (state = 'RETRY' OR :again AND (state = 'FAILED' OR state = 'CLAIMED' AND token < :token))
"""  # noqa: S608 - composed of constants

FINISH_EFFECT = """
UPDATE effects SET
    state = :state, detail = :detail, result = :result, token = :token, doubt_id = :doubt_id,
    finished_at = CASE WHEN :state IN ('SUCCEEDED', 'FAILED') THEN :now END
WHERE effect_id = :effect_id AND thread_id = :thread_id AND state IN ('CLAIMED', 'IN_DOUBT')
"""

OUTBOX = """
INSERT INTO outbox (event_id, record, key, body, contract, traceparent, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (event_id) DO NOTHING
"""

# Why an intent was refused, in words for the graph's author.
WHY_REFUSED = f"""
SELECT CASE
    WHEN r.digest IS NULL THEN 'its run has no cleared plan'
    WHEN s.step_id IS NULL THEN 'the cleared plan has no such step'
    WHEN s.step_digest <> :step_digest THEN 'its content is not what was cleared'
    WHEN e.state <> 'RETRY' OR e.state = 'RETRY' AND NOT coalesce(c.use_by <= :now, false)
        THEN 'it was begun before and is ' || e.state
    WHEN EXISTS (
        SELECT 1 FROM effects AS o
        WHERE o.plan_id = c.plan_id AND o.step_id = s.step_id AND o.step_digest <> s.step_digest
            AND o.state IN ('CLAIMED', 'IN_DOUBT'))
        THEN 'what an earlier revision made of it is not known to have ended'
    WHEN c.use_by <= :now THEN 'the approval was good until ' || c.use_by
    ELSE 'no verdict or clearance covers it'
END AS why,
    s.step_digest = :step_digest AND (e.effect_id IS NULL OR e.state IN ('RETRY', 'FAILED'))
        AND c.use_by <= :now AS outdated,
    CASE WHEN s.step_digest = :step_digest AND (e.effect_id IS NULL OR e.state IN ('RETRY', 'FAILED'))
         THEN ({_NOT_BEGUN}) END AS not_begun
FROM runs AS r
LEFT JOIN clearances AS c ON c.digest = r.digest
LEFT JOIN cleared_steps AS s ON s.digest = r.digest AND s.step_id = :step_id
LEFT JOIN effects AS e ON e.effect_id = :effect_id
WHERE r.thread_id = :thread_id
"""  # noqa: S608 - composed of constants

FATE_RUN = "SELECT token, status, head_id FROM runs WHERE thread_id = ?"
FATE_CHECKPOINT = "SELECT 1 FROM checkpoints WHERE thread_id = ? AND checkpoint_id = ?"
FATE_EFFECT = "SELECT token, state FROM effects WHERE effect_id = ?"
FATE_OUTBOX = "SELECT 1 FROM outbox WHERE event_id = ?"
