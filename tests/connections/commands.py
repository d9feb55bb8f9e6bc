"""What an operator's commands say of a store."""

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
        assert finding["state"] == "wrong"
        for line in (*lines, finding["all"]):
            assert all(word in line for word in words), line
            assert len(line.splitlines()) == 1
            assert (make_url(url).password or "-no-") not in line

    def doctor(self, url: str) -> dict[str, str]:
        """The doctor's finding of the store."""
        return self.shell.with_(PLANGATE_STORE_URL=url).run("doctor", "--json").findings["store"]
