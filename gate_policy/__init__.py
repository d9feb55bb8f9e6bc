"""Judgement: catalogue, rules, tiers, checks and plain English. Does no I/O."""
