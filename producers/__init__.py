"""Voices: plans, decisions, incidents and outcomes on Kafka; the agent's side of the gate."""
