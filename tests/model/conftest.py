"""A world for each test, on each database."""

from collections.abc import Iterator

import pytest

from tests.model.world import World


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    opened = World(store_url)
    yield opened
    opened.close()
