from collections.abc import Iterator
from pathlib import Path

import pytest

from plangate.dev.apache_kafka import ApacheKafka
from tests.apps.world import World


@pytest.fixture
def world(kafka: ApacheKafka, sqlite_url: str, topic_prefix: str, tmp_path: Path) -> Iterator[World]:
    """Topics of one's own on real Kafka, and a SQLite store."""
    world = World(kafka, sqlite_url, topic_prefix, tmp_path)
    yield world
    world.close()


@pytest.fixture
def postgres_world(
    kafka: ApacheKafka, postgres_url: str, topic_prefix: str, tmp_path: Path
) -> Iterator[World]:
    """The same with PostgreSQL."""
    world = World(kafka, postgres_url, topic_prefix, tmp_path)
    yield world
    world.close()
