"""Alembic's entry point; `gate_store.migrate` hands it an open connection."""

from alembic import context

from gate_store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
