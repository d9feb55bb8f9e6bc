"""`plangate store`: the database."""

import typer

from gate_store import migrate
from gate_store.try_clients import try_clients
from plangate.cli.output import JsonFlag, print_json, say
from plangate.cli.store_restored import restored
from plangate.cli.store_roles import roles
from plangate.cli.stores import may_be_made
from plangate.settings import load_settings

group = typer.Typer(no_args_is_help=True, help="The gate store: its tables and migrations.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group.command()(roles)
    group.command()(restored)
    app.add_typer(group, name="store")


@group.command()
def upgrade(as_json: JsonFlag = False) -> None:
    """Bring the store's tables to this version; nothing to do is fine."""
    settings = load_settings()
    may_be_made(settings)
    try_clients(settings.store_url)
    migrate.upgrade(settings.store_url)
    if as_json:
        print_json({"behind": migrate.behind(settings.store_url)})
    else:
        ahead = migrate.ahead(settings.store_url)
        say(f"{ahead}; it stays as it is" if ahead else "the store is up to date")
