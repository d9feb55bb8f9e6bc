"""The engine's store on SQLite."""
