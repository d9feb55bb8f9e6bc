"""The engine's store on PostgreSQL."""
