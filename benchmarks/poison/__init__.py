"""Poison among good records: what it is, how it is sent, and what became of it."""
