"""The Alembic environment. Inside the package, so that a wheel carries it."""
