"""`plangate worker`: the processes that do the work."""

from typing import Annotated

import typer

from plangate.worker.parts import PARTS


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(worker)


def worker(
    only: Annotated[str, typer.Option(help="Some of router,gatekeeper,resumer, with commas.")] = ",".join(
        PARTS
    ),
    resumers: Annotated[int, typer.Option(min=0, help="How many resumer processes.")] = 1,
) -> None:
    """Run the router, the gatekeeper and the resumers until SIGTERM; on as many machines as wanted.

    Everything here: `plangate worker`

    Split between machines: `plangate worker --only router,gatekeeper` and
    `plangate worker --only resumer --resumers 4`

    SIGHUP reads the catalogue anew.
    """
    import asyncio
    import logging

    from plangate.cli.failures import CommandError
    from plangate.settings import load_settings
    from plangate.worker import logs
    from plangate.worker.catalogue_in_force import catalogue_in_force
    from plangate.worker.fleet import fleet
    from plangate.worker.readiness import check_before_work
    from plangate.worker.supervisor import Supervisor

    parts = {part.strip() for part in only.split(",")}
    if not parts <= set(PARTS):
        raise CommandError(f"--only {only}: no such part", f"name some of {', '.join(PARTS)}")
    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    graphless = parts == set(PARTS) and not settings.graphs.exists()
    if graphless:
        parts.discard("resumer")
    check_before_work(settings, parts)
    if graphless:
        logging.getLogger("plangate.worker").info(
            "%s is not there: this worker resumes no graphs", settings.graphs
        )
    with catalogue_in_force(settings) as catalogue:
        children = fleet(parts, resumers, catalogue.environment)
        if settings.metrics_address is None:
            asyncio.run(Supervisor(children, reload=catalogue.reload).run())
        else:
            from plangate.worker.watched import run_watched

            run_watched(settings.metrics_address, settings, children, catalogue)
