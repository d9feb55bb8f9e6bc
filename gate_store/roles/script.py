"""The statements that make a store's roles and hold them to their part; repeated they change nothing."""

from collections.abc import Iterator
from typing import Any, LiteralString

from psycopg import Connection, sql

from gate_store.roles.facts import Store, privileges, text_of
from gate_store.roles.roles import ALL, ALL_TABLES, PARTS, Role, sequences_of
from gate_store.roles.rows import GUARDED, Rows, rows_of

Conn = Connection[Any]


def script(store: Store, conn: Conn) -> Iterator[sql.Composed]:
    """All of them, in order, for one transaction. `conn` spells conditions."""
    yield from _roles(store)
    yield from _ownership(store)
    yield from _grants(store)
    for table in GUARDED:
        yield _on(store, "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", table)
    yield _no_policies(store)
    for rows in rows_of(store.schema):
        yield from _policy(store, rows, conn)


def _roles(store: Store) -> Iterator[sql.Composed]:
    make = sql.SQL(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name})"
        " THEN CREATE ROLE {role} NOLOGIN; END IF; END $$"
    )
    for role in Role:
        yield make.format(name=sql.Literal(store.name(role)), role=sql.Identifier(store.name(role)))


def _ownership(store: Store) -> Iterator[sql.Composed]:
    """The owner's are the tables and what their triggers run."""
    owner, schema = sql.Identifier(store.name(Role.OWNER)), sql.Identifier(store.schema)
    yield sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {}").format(schema, owner)
    yield sql.SQL(  # who is no super user must be its member to give it something
        "DO $$ BEGIN IF NOT pg_has_role({name}, 'USAGE') THEN GRANT {owner} TO CURRENT_USER; END IF; END $$"
    ).format(name=sql.Literal(store.name(Role.OWNER)), owner=owner)
    for table in ALL_TABLES:
        yield _on(store, "ALTER TABLE {table} OWNER TO {role}", table, Role.OWNER)
    yield sql.SQL(
        "DO $$ DECLARE each regprocedure; BEGIN"
        " FOR each IN SELECT DISTINCT t.tgfoid::regprocedure FROM pg_trigger AS t"
        " JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS s ON s.oid = c.relnamespace"
        " WHERE NOT t.tgisinternal AND s.nspname = {schema} AND c.relname IN ({tables})"
        " LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO %I', each, {owner}); END LOOP; END $$"
    ).format(
        schema=sql.Literal(store.schema),
        tables=sql.SQL(", ").join(map(sql.Literal, ALL_TABLES)),
        owner=sql.Literal(store.name(Role.OWNER)),
    )


def _grants(store: Store) -> Iterator[sql.Composed]:
    """From nothing: what a role had before and needs no more goes."""
    schema = sql.Identifier(store.schema)
    parts = [role for role in Role if role is not Role.OWNER]
    everybody = sql.SQL(", ").join(sql.Identifier(store.name(role)) for role in parts)
    yield sql.SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC, {}").format(schema, everybody)
    yield sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, everybody)
    every_table = sql.SQL(", ").join(sql.Identifier(store.schema, table) for table in ALL_TABLES)
    yield sql.SQL("REVOKE ALL ON {} FROM PUBLIC, {}").format(every_table, everybody)
    numbered = {name for part in PARTS.values() for name in sequences_of(part)}
    for sequence in sorted(numbered):
        name = sql.Identifier(store.schema, sequence)
        yield sql.SQL("REVOKE ALL ON SEQUENCE {} FROM PUBLIC, {}").format(name, everybody)
    for role in parts:
        yield from _granted(store, role)


def _granted(store: Store, role: Role) -> Iterator[sql.Composed]:
    for table, access in PARTS[role].items():
        given = [_privilege(may, columns) for may, columns in privileges(access) if columns]
        yield _on(store, "GRANT {given} ON {table} TO {role}", table, role, given=sql.SQL(", ").join(given))
    for sequence in sequences_of(PARTS[role]):
        yield _on(store, "GRANT USAGE ON SEQUENCE {table} TO {role}", sequence, role)


def _privilege(may: LiteralString, columns: tuple[str, ...]) -> sql.Composable:
    if columns == ALL:
        return sql.SQL(may)
    return sql.SQL(may + " ({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))


def _no_policies(store: Store) -> sql.Composed:
    """Without those of these roles that are there, also from other versions."""
    roles = sql.SQL(", ").join(sql.Literal(store.name(role)) for role in Role)
    return sql.SQL(
        "DO $$ DECLARE each record; BEGIN"
        " FOR each IN SELECT * FROM pg_policies"
        " WHERE schemaname = {schema} AND roles && ARRAY[{roles}]::name[]"
        " LOOP EXECUTE format('DROP POLICY %I ON %I.%I', each.policyname, each.schemaname, each.tablename);"
        " END LOOP; END $$"
    ).format(schema=sql.Literal(store.schema), roles=roles)


def _policy(store: Store, rows: Rows, conn: Conn) -> Iterator[sql.Composed]:
    name = sql.Identifier(f"{store.name(rows.role)}_{rows.may.lower()}")
    found = sql.SQL(" USING ({})").format(rows.found) if rows.found else sql.SQL("")
    left = sql.SQL(" WITH CHECK ({})").format(rows.left) if rows.left else sql.SQL("")
    command = "CREATE POLICY {name} ON {table} FOR " + rows.may + " TO {role}"
    yield _on(store, command, rows.table, rows.role, name=name) + found + left
    about = sql.Literal(text_of(rows, conn))
    yield _on(store, "COMMENT ON POLICY {name} ON {table} IS {about}", rows.table, name=name, about=about)


def _on(
    store: Store, statement: LiteralString, table: str, role: Role | None = None, **more: sql.Composable
) -> sql.Composed:
    names: dict[str, sql.Composable] = {"table": sql.Identifier(store.schema, table), **more}
    if role:
        names["role"] = sql.Identifier(store.name(role))
    return sql.SQL(statement).format(**names)
