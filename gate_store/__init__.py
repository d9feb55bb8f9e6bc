"""The gate's memory: gates, decisions, clearances, runs, the effect ledger, the outbox, checkpoints."""
