"""The store's fixtures, for what the gatekeeper makes of claims in it."""

from tests.store.conftest import conn, shared_postgresql, shared_sqlite, store

__all__ = ["conn", "shared_postgresql", "shared_sqlite", "store"]
