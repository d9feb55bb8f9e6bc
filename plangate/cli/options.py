"""Options and arguments that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from plangate.dev.broker import Broker

SHORTEST_ID, SHORTEST_DIGEST = 8, 12  # characters: as `pending` and `show` print them

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Limit = Annotated[int, typer.Option(min=1, help="How many on a page.")]
Page = Annotated[int, typer.Option(min=1, help="Which page; the first is 1.")]

Gate = Annotated[
    str | None,
    typer.Argument(help=f"The id of a gate, {SHORTEST_ID} characters of it at least."),
]
Digest = Annotated[
    str | None,
    typer.Option(help=f"The digest of the steps instead, {SHORTEST_DIGEST} characters of it at least."),
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not show and ask; needed where there is no terminal.")
]
Note = Annotated[str, typer.Option(help="Words for the agent; they reach it on an approval too.")]
By = Annotated[str | None, typer.Option(help="Who decides; else PLANGATE_REVIEWER, else the login name.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for what becomes of the decision.")]

PlanFile = Annotated[
    Path,
    typer.Argument(
        help="A plan, JSON or YAML: goal and steps, or a whole PlanProposed. - is standard input."
    ),
]

OwnBroker = Annotated[
    Broker, typer.Option(help="mock: inside this process, in memory. apache: Apache Kafka 4, on disk.")
]
OwnStore = Annotated[
    str | None, typer.Option(help="A store URL, or `postgresql` for a server of our own. Else SQLite.")
]
