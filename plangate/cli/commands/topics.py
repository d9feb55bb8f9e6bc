"""`plangate topics`: the topics on the cluster."""

from typing import Annotated

import typer

from plangate.cli.options import JsonFlag

group = typer.Typer(no_args_is_help=True, help="Make and check the topics that Plangate uses.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="topics")


@group.command()
def create(as_json: JsonFlag = False) -> None:
    """Create the topics that are missing; those that exist stay as they are."""
    from plangate.cli.topics import create as create_topics

    create_topics(as_json=as_json)


@group.command()
def check(as_json: JsonFlag = False) -> None:
    """Say which topics are missing. Exit code 1 where one is."""
    from plangate.cli.topics import check as check_topics

    check_topics(as_json=as_json)


@group.command()
def acls(
    principal: Annotated[
        list[str] | None,
        typer.Option(
            "--principal", help="ROLE=User:NAME; may be repeated. A service: service:GROUP=User:NAME."
        ),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Give them what they lack.")] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="With --apply or --commands: take it away again.")
    ] = False,
    commands: Annotated[bool, typer.Option("--commands", help="Print commands of kafka-acls.sh.")] = False,
    strimzi: Annotated[bool, typer.Option("--strimzi", help="Print Strimzi's KafkaUser resources.")] = False,
    cluster: Annotated[
        str, typer.Option(help="With --strimzi: the name of the Kafka resource.")
    ] = "my-cluster",
    as_json: JsonFlag = False,
) -> None:
    """What each role needs on Kafka, and no more.

    Roles: admin, router, gatekeeper, resumer, agent, service, reviewer, reporter, replayer, auditor.

    Example: `plangate topics acls --principal router=User:router --principal service:mailer=User:ana --apply`
    """
    from plangate.cli.acls import acls as show_or_give

    show_or_give(principal or (), apply, remove, commands, strimzi, cluster, as_json=as_json)
