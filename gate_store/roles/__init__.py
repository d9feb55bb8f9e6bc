"""Roles of PostgreSQL: what each part of Plangate may do with the store, and no more."""
