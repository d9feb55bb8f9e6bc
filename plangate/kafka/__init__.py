"""Kafka as an administrator sees it: topics, the schema registry."""
