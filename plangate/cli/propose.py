"""`plangate propose` and `plangate explain`: a plan from a file."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gate_events.codec import decode
from gate_events.ids import derived
from gate_events.records import PlanProposed
from gate_policy.explain import explain as explanation
from plangate.cli.failures import CommandError
from plangate.cli.output import JsonFlag, print_json, say
from plangate.settings import load_settings
from plangate.wiring import open_catalogue, open_producer
from producers.plan import Plan
from producers.plans import proposal, propose

PlanFile = Annotated[
    Path,
    typer.Argument(
        help="A plan, JSON or YAML: goal and steps, or a whole PlanProposed. - is standard input."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("propose")(propose_file)
    app.command("explain")(explain_file)


def propose_file(file: PlanFile, as_json: JsonFlag = False) -> None:
    """Publish a plan. The same text is the same plan: proposed twice, it is gated once."""
    text = _read(file)
    plain = _parse(text, file)
    with open_producer(load_settings(), "plangate-cli") as producer:
        if "event_id" in plain:
            record = decode(text.encode(), PlanProposed)
            producer.send(record)
        else:
            record = propose(producer, Plan.from_dict(plain), plan_id=derived("file", text))
    if as_json:
        print_json({"plan_id": record.plan_id, "revision": record.revision, "steps": len(record.steps)})
    else:
        say(f"proposed plan {record.plan_id} with {len(record.steps)} steps")


def explain_file(file: PlanFile, as_json: JsonFlag = False) -> None:
    """Say which way a plan would go and why: step by step, rule by rule. Needs only the catalogue."""
    text = _read(file)
    plain = _parse(text, file)
    if "event_id" in plain:
        plan = decode(text.encode(), PlanProposed)
    else:
        plan = proposal(Plan.from_dict(plain), derived("file", text), 1, lambda: datetime.now(UTC))
    lines = explanation(plan, open_catalogue(load_settings()), now=datetime.now(UTC))
    if as_json:
        print_json(lines)
    else:
        for line in lines:
            say(line)


def _read(file: Path) -> str:
    return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        plain = msgspec.json.decode(text) if text.lstrip().startswith("{") else YAML(typ="safe").load(text)
    except (msgspec.DecodeError, YAMLError) as error:
        raise CommandError(f"{file}: neither JSON nor YAML ({error})", "write goal and steps") from error
    if not isinstance(plain, dict):
        raise CommandError(f"{file}: a plan is an object", "write goal and steps")
    return plain
