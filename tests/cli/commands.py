"""Runs `plangate` as a user does: as a process, in a folder of its own."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.forked import COMMAND, Forked

PLANGATE = Path(sys.executable).with_name("plangate")
NO_BROKER = "127.0.0.1:1"  # tcpmux: nobody listens
SECRET = "s3cr3t-w0rd"  # noqa: S105 - looked for in what commands print

CATALOGUE = """\
version: 1
actions:
  note: {tier: REVERSIBLE, says: "Note {{ text }}"}
  send_email: {tier: IRREVERSIBLE, says: "Email {{ to }}"}
"""
PLAN = '{"goal": "tell Ana", "steps": [{"action_type": "send_email", "arguments": {"to": "ana"}}]}'


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document that it printed."""
        assert self.code == 0, self.err
        lines = self.out.splitlines()
        assert len(lines) == 1, lines
        return json.loads(lines[0])

    @property
    def findings(self) -> dict[str, dict[str, str]]:
        """What `doctor --json` found, by what it looked at; each with `all`, as its lines say it."""
        found = json.loads(self.out)["findings"]
        return {each["what"]: {**each, "all": f"{each['found']}; {each['mend']}"} for each in found}

    def complains(self, *words: str) -> str:
        """Exactly one line on stderr with these words, nothing on stdout, a code that is not 0."""
        lines = self.err.splitlines()
        assert self.code == 1, (self.code, self.out, self.err)
        assert len(lines) == 1, self.err
        assert lines[0].startswith("plangate: "), lines[0]
        assert "Traceback" not in self.err
        missing = [word for word in words if word not in lines[0]]
        assert not missing, (missing, lines[0])
        return lines[0]


@dataclass(frozen=True)
class Shell:
    """A folder and an environment to run commands in."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def with_(self, **environment: str) -> "Shell":
        """The same with more variables."""
        return Shell(self.folder, {**self.environment, **environment})

    def write(self, name: str, text: str) -> str:
        """A file in the folder; its name, for use as an argument."""
        (self.folder / name).write_text(text)
        return name

    def run(self, *arguments: str, text: str = "", timeout: float = 60) -> Ended:
        """Run `plangate` with these arguments."""
        with TemporaryDirectory() as made:
            given, out, err = (Path(made) / name for name in ("in", "out", "err"))
            given.write_text(text)
            process = Forked(
                COMMAND,
                *arguments,
                folder=self.folder,
                environment=self.variables,
                out=out,
                err=err,
                text=given,
            )
            try:
                code = process.wait(timeout)
            finally:
                process.kill()
            return Ended(code, out.read_text(), err.read_text())

    @property
    def variables(self) -> dict[str, str]:
        """The whole environment: none of the PLANGATE_ variables of whoever runs the tests."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PLANGATE_")}
        return {**inherited, "COLUMNS": "200", **self.environment}
