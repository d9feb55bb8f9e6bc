"""What the roles need, and what of it a database has, as facts that can be compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from gate_store.roles.roles import ALL, ALL_TABLES, PARTS, Access, Role, sequences_of
from gate_store.roles.rows import GUARDED, Rows, rows_of

PUBLIC = "PUBLIC"  # everybody

Conn = Connection[Any]


@dataclass(frozen=True, order=True)
class Fact:
    """That `role` may do `may` on `on`: a table, a sequence or the schema; of a table perhaps one column.

    `role`, by its name in the database, may be nobody: PUBLIC. `may` is a privilege, `OWNER`, or, of `rows`,
    what a policy is about; a `role` alone is there or not.
    """

    role: str
    may: str = ""
    on: str = ""
    column: str = ""
    rows: str = ""


@dataclass(frozen=True)
class Store:
    """A store's schema, and the prefix of its roles' names."""

    schema: str
    prefix: str

    def name(self, role: Role) -> str:
        """The role's name in the database."""
        return f"{self.prefix}{role}"


def wanted(store: Store, conn: Conn) -> list[Fact]:
    """All that the roles need. `conn` spells conditions."""
    facts: list[Fact] = []
    for role in Role:
        facts += [Fact(store.name(role)), *_rights(store, role)]
    facts += [
        Fact(store.name(each.role), each.may, each.table, rows=text_of(each, conn))
        for each in rows_of(store.schema)
    ]
    return facts


def text_of(rows: Rows, conn: Conn) -> str:
    """A policy in words by which it is known again."""
    found, left = (each.as_string(conn) if each else "-" for each in (rows.found, rows.left))
    return f"{rows.may}: {found}; {left}"


def there(store: Store, conn: Conn) -> set[Fact]:
    """What the database has of these roles and tables, also beyond what is wanted."""
    names = [store.name(role) for role in Role]
    parameters = {"schema": store.schema, "roles": names, "tables": list(ALL_TABLES)}
    found = {Fact(*row) for row in conn.execute(_THERE, parameters)}
    unguarded = {row[0] for row in conn.execute(_UNGUARDED, {**parameters, "tables": list(GUARDED)})}
    return {fact for fact in found if not (fact.rows and fact.on in unguarded)}


def _rights(store: Store, role: Role) -> Iterator[Fact]:
    name, part = store.name(role), PARTS[role]
    yield Fact(name, "USAGE", "schema")
    if role is Role.OWNER:
        yield Fact(name, "CREATE", "schema")
        for table in ALL_TABLES:
            yield Fact(name, "OWNER", table)
    for table, access in part.items():
        for may, columns in privileges(access):
            yield from (Fact(name, may, table, "" if each in ALL else each) for each in columns)
    for sequence in sequences_of(part):
        yield Fact(name, "USAGE", sequence)


def privileges(access: Access) -> Iterator[tuple[str, tuple[str, ...]]]:
    """PostgreSQL's words for it, each with its columns."""
    yield "SELECT", access.reads
    yield "INSERT", access.adds
    yield "UPDATE", access.changes
    yield "DELETE", ALL if access.removes else ()


# What an owner may do with its own is no grant. PUBLIC counts where it was given something.
_THERE = sql.SQL("""
WITH ours AS (
    SELECT oid, rolname::text AS name FROM pg_roles WHERE rolname = ANY(%(roles)s)
    UNION ALL SELECT 0, 'PUBLIC'
), space AS (
    SELECT * FROM pg_namespace WHERE nspname = %(schema)s
), kept AS (
    SELECT c.* FROM pg_class AS c JOIN space AS s ON s.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relname = ANY(%(tables)s)
       OR c.relkind = 'S' AND EXISTS (
            SELECT FROM pg_depend AS d JOIN pg_class AS t ON t.oid = d.refobjid
            WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND t.relname = ANY(%(tables)s))
)
SELECT name, '', '', '', '' FROM ours WHERE oid <> 0
UNION ALL
SELECT o.name, 'OWNER', k.relname::text, '', '' FROM kept AS k JOIN ours AS o ON o.oid = k.relowner
WHERE k.relkind = 'r'
UNION ALL
SELECT o.name, a.privilege_type, 'schema', '', ''
FROM space AS s, aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) AS a
JOIN ours AS o ON o.oid = a.grantee WHERE a.grantee <> s.nspowner
    AND NOT (a.grantee = 0 AND a.privilege_type = 'USAGE')
UNION ALL
SELECT o.name, a.privilege_type, k.relname::text, '', ''
FROM kept AS k, aclexplode(k.relacl) AS a JOIN ours AS o ON o.oid = a.grantee WHERE a.grantee <> k.relowner
UNION ALL
SELECT o.name, a.privilege_type, k.relname::text, c.attname::text, ''
FROM kept AS k JOIN pg_attribute AS c ON c.attrelid = k.oid, aclexplode(c.attacl) AS a
JOIN ours AS o ON o.oid = a.grantee WHERE a.grantee <> k.relowner
UNION ALL
SELECT o.name, CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
    WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, k.relname::text, '',
    coalesce(obj_description(p.oid, 'pg_policy'), '?')
FROM kept AS k JOIN pg_policy AS p ON p.polrelid = k.oid JOIN ours AS o ON o.oid = ANY(p.polroles)
""")
_UNGUARDED = sql.SQL("""
SELECT c.relname::text FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace
WHERE s.nspname = %(schema)s AND c.relname = ANY(%(tables)s) AND NOT c.relrowsecurity
""")
