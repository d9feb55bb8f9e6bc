"""Adversaries who may write `plans`, `outcomes`, `auto-execute`, `approval-requests` and `decisions`."""
