"""`plangate explain`: a plan's judgement, without Kafka or a store."""

import typer

from plangate.cli.options import JsonFlag, PlanFile


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(file: PlanFile, as_json: JsonFlag = False) -> None:
    """Say which way a plan would go and why: step by step, rule by rule. Needs only the catalogue."""
    from datetime import UTC, datetime

    from gate_policy.explain import explain as explanation
    from plangate.cli.output import print_json, say
    from plangate.cli.plan_files import read_plan
    from plangate.settings import load_settings
    from plangate.wiring import name_agent, open_catalogue

    settings = load_settings()
    name_agent(settings)
    lines = explanation(read_plan(file), open_catalogue(settings), now=datetime.now(UTC))
    if as_json:
        print_json(lines)
    else:
        for line in lines:
            say(line)
