"""A plan as a file says it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gate_events.codec import decode
from gate_events.errors import UndecodableError, UnencodableError
from gate_events.ids import derived
from gate_events.records import PlanProposed
from plangate.cli.failures import CommandError
from plangate.cli.files import parse_yaml, read_text
from producers.plan import Plan
from producers.plans import proposal

MEND = "write `goal` and `steps`, each step with `action_type` and `arguments`"


def read_plan(file: Path) -> PlanProposed:
    """The plan in `file`; the same text is the same plan. Raises OSError, CommandError."""
    text = read_text(file)
    plain = _plain(text, file)
    try:
        if "event_id" in plain:
            return decode(msgspec.json.encode(plain), PlanProposed)
        plan = Plan.from_dict(plain)
        return proposal(plan, derived("file", text), 1, lambda: datetime.now(UTC))
    except (UndecodableError, UnencodableError, msgspec.ValidationError, TypeError) as error:
        raise CommandError(f"{file}: {error}", MEND) from error


def _plain(text: str, file: Path) -> dict[str, Any]:
    if text.lstrip().startswith("{"):  # JSON with tabs is no YAML
        try:
            plain = msgspec.json.decode(text)
        except msgspec.DecodeError:
            plain = parse_yaml(text, file, MEND)
    else:
        plain = parse_yaml(text, file, MEND)
    if not isinstance(plain, dict):
        raise CommandError(f"{file}: a plan is an object", MEND)
    return plain
