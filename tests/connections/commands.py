"""What an operator's commands say of a store."""

import json
from dataclasses import dataclass

from sqlalchemy import make_url

from tests.cli.commands import Shell


@dataclass(frozen=True)
class Commands:
    """A project whose Kafka works."""

    shell: Shell

    def refuse(self, url: str, *words: str) -> None:
        """Upgrade, doctor and the start of a worker say these words in one line, without a password."""
        shell = self.shell.with_(PLANGATE_STORE_URL=url)
        lines = [shell.run(*command).complains(*words) for command in (["store", "upgrade"], ["worker"])]
        finding = self.doctor(url)
        assert not finding["ok"]
        for line in (*lines, str(finding["found"])):
            assert all(word in line for word in words), line
            assert len(line.splitlines()) == 1
            assert (make_url(url).password or "-no-") not in line

    def doctor(self, url: str) -> dict[str, object]:
        """The doctor's finding of the store."""
        ended = self.shell.with_(PLANGATE_STORE_URL=url).run("doctor", "--json")
        found = {each["what"]: each for each in json.loads(ended.out)}
        return dict(found["store"])
