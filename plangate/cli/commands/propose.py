"""`plangate propose`: a plan from a file to Kafka."""

import typer

from plangate.cli.options import JsonFlag, PlanFile


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(propose)


def propose(file: PlanFile, as_json: JsonFlag = False) -> None:
    """Publish a plan. The same text is the same plan: proposed twice, it is gated once.

    Example: `plangate propose plan.yaml`, where plan.yaml holds

    goal: remind customers

    steps: [{action_type: send_overdue_notice, arguments: {customer: c7}}]

    Or from another program: `make-plan | plangate propose -`
    """
    from gate_events.topics import PLANS
    from plangate.cli.counting import counted
    from plangate.cli.output import print_json, say
    from plangate.cli.plan_files import read_plan
    from plangate.cli.speaking import speaker
    from plangate.settings import load_settings
    from plangate.wiring import name_agent

    settings = load_settings()
    name_agent(settings)
    plan = read_plan(file)
    with speaker(settings, PLANS) as producer:
        producer.send(plan)
    if as_json:
        print_json({"plan_id": plan.plan_id, "revision": plan.revision, "steps": len(plan.steps)})
    else:
        say(f"proposed plan {plan.plan_id} with {counted(len(plan.steps), 'step')}")
