"""The statements that hand runs out and take them back. `now` comes from the store's clock."""

# :served is a JSON array of [graph, mark], or NULL for all; what was ready before :stale is taken anyway.
_OURS = """(:served IS NULL OR EXISTS (
    SELECT 1 FROM json_each(:served) AS served
    WHERE json_extract(served.value, '$[0]') = graph AND instr(pause, json_extract(served.value, '$[1]')) > 0
))"""
# Nothing is stopped, in the store or (:held) on this host alone, that the run's plan has a step of. A plan
# that the version before cleared has no rows in cleared_actions: there the answer itself is searched.
_NOT_HELD = """NOT EXISTS (
    SELECT 1 FROM stops AS t WHERE t.ended_at IS NULL AND t.action_type IS NULL
) AND NOT EXISTS (
    SELECT 1 FROM (
        SELECT t.action_type FROM stops AS t WHERE t.ended_at IS NULL
        UNION ALL SELECT value FROM json_each(:held)
    ) AS h WHERE EXISTS (
        SELECT 1 FROM cleared_actions AS a WHERE a.digest = runs.digest AND a.action_type = h.action_type
    ) OR NOT EXISTS (SELECT 1 FROM cleared_actions AS a WHERE a.digest = runs.digest)
        AND instr(answer, '"action_type":' || json_quote(h.action_type)) > 0)"""
_NOW = f"not_before <= :now AND {_OURS} AND {_NOT_HELD}"
# What a stop held has not waited for a worker.
_STRANGE = f"""not_before <= :stale AND NOT {_OURS} AND {_NOT_HELD} AND NOT EXISTS (
    SELECT 1 FROM stops AS t WHERE t.ended_at > :stale)"""  # noqa: S608 - composed of constants

_ANY = "SELECT 1 FROM runs WHERE status = 'READY' AND {which} LIMIT 1"
ANY_ALONE = _ANY.format(which=f"alone = 1 AND {_NOW}")
ANY_READY = _ANY.format(which=f"(({_NOW}) OR ({_STRANGE}))")

_CLAIM = """
UPDATE runs SET
    status = 'RUNNING', token = token + 1, worker = :worker, attempts = attempts + 1, lease_until = :lease,
    updated_at = :now
WHERE thread_id IN (
    SELECT thread_id FROM runs WHERE status = 'READY' AND {which}
    ORDER BY not_before LIMIT :limit
)
RETURNING thread_id, graph, token, attempts, alone, plan_id, digest, pause, answer, use_by, head_id,
    asked_digest, traceparent
"""
CLEARED = "SELECT gate_id, attempt, use_by, begun_until, cleared_at FROM clearances WHERE digest = ?"
CLAIM = _CLAIM.format(which=f"NOT alone AND {_NOW}")
CLAIM_ALONE = _CLAIM.format(which=f"alone = 1 AND {_NOW}")
CLAIM_STRANGE = _CLAIM.format(which=_STRANGE)

HEAD = """
SELECT thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata
FROM checkpoints WHERE thread_id = ?1 AND checkpoint_ns = ?2 AND (?3 IS NULL OR checkpoint_id = ?3)
ORDER BY checkpoint_id DESC LIMIT 1
"""

EFFECTS = """
SELECT json_group_array(json_object(
    'effect_id', effect_id, 'digest', digest, 'step_digest', step_digest,
    'step_id', step_id, 'state', state, 'attempts', attempts, 'detail', detail, 'result', json(result),
    'executor', executor, 'is_gone', json(CASE WHEN EXISTS (
        SELECT 1 FROM workers WHERE name = executor AND ended_at IS NOT NULL) THEN 'true' ELSE 'false' END)))
FROM effects WHERE plan_id = ?
"""

FAIL = """
UPDATE runs SET
    status = 'FAILED', error = :why, lease_until = NULL, worker = NULL, alone = false, updated_at = :now
WHERE thread_id = :thread_id AND token = :token AND status = 'RUNNING'
"""

RENEW = """
UPDATE runs SET lease_until = :lease, updated_at = :now
WHERE thread_id = :thread_id AND token = :token AND worker = :worker AND status = 'RUNNING'
"""

# A run without an answer is an agent's that still plans: the orphan watch looks after it.
# Whether the run took its worker down or fell with it, nobody knows: it is tried alone.
REAP = """
UPDATE runs SET
    status = 'READY', token = token + 1, lease_until = NULL, worker = NULL, alone = true, updated_at = :now
WHERE thread_id IN (
    SELECT thread_id FROM runs WHERE status = 'RUNNING' AND lease_until < :now AND answer IS NOT NULL
    ORDER BY lease_until LIMIT :limit
)
"""

RELEASE = """
UPDATE runs SET
    status = 'READY', token = token + 1, lease_until = NULL, worker = NULL,
    attempts = max(attempts - 1, 0), updated_at = :now, not_before = coalesce(:not_before, not_before)
WHERE thread_id = :thread_id AND token = :token AND worker = :worker
    AND status = 'RUNNING' AND answer IS NOT NULL
"""

TAKE_OUTBOX = """
SELECT id, event_id, record, key, body, contract, traceparent FROM outbox
WHERE record IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?
"""
DROP_OUTBOX = "DELETE FROM outbox WHERE id = ?"
