"""`plangate store`: the database."""

from typing import Annotated

import typer

from gate_store.roles.prefix import PREFIX
from plangate.cli.options import JsonFlag

group = typer.Typer(no_args_is_help=True, help="The gate store: its tables and migrations.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="store")


@group.command()
def upgrade(as_json: JsonFlag = False) -> None:
    """Bring the store's tables to this version; nothing to do is fine."""
    from gate_store import migrate
    from gate_store.try_clients import try_clients
    from plangate.cli.output import print_json, say
    from plangate.cli.stores import may_be_made
    from plangate.settings import load_settings

    settings = load_settings()
    may_be_made(settings)
    try_clients(settings.store_url)
    migrate.upgrade(settings.store_url)
    if as_json:
        print_json({"behind": migrate.behind(settings.store_url)})
    else:
        ahead = migrate.ahead(settings.store_url)
        say(f"{ahead}; it stays as it is" if ahead else "the store is up to date")


@group.command()
def roles(
    apply: Annotated[bool, typer.Option("--apply", help="Make them, and give them what they lack.")] = False,
    prefix: Annotated[str, typer.Option(help="What their names begin with.")] = PREFIX,
    as_json: JsonFlag = False,
) -> None:
    """What each role may do with a store on PostgreSQL, as SQL; make your logins members of them.

    Roles: owner, router, gatekeeper, resumer, agent, service, reviewer, auditor. Apply them again after each
    upgrade.

    Example: `plangate store roles --apply`, then in psql `CREATE ROLE mailer LOGIN IN ROLE plangate_service`
    """
    from plangate.cli.store_roles import roles as show_or_make

    show_or_make(prefix, apply=apply, as_json=as_json)


@group.command()
def restored(
    since: Annotated[str, typer.Option(help="When the backup was made, or before: 2026-11-30T13:00:00Z.")],
    until: Annotated[str, typer.Option(help="When the store was lost; now, if left out.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look, and change nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Tell a store that it was restored from a backup: run it before any worker starts again.

    What may have happened after --since begins in doubt instead of once more, and the gatekeeper reads again
    what the store does not know. Stop workers, agents and services first.

    Example: `plangate store restored --since 2026-11-30T13:00:00Z`
    """
    from plangate.cli.store_restored import restored as tell_it

    tell_it(since, until, dry_run=dry_run, as_json=as_json)
