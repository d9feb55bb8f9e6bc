"""Services that lack a defence against liars: `python -m tests.faults.sabotage_services` supervises them.

For tests of the laboratory alone. No shipped code imports this.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from gate_store.claims import Claim, Grant
from plangate.torture.services import child, supervisor_child
from producers import hearing
from producers.store_ledger import StoreLedger
from tests.faults.sabotage import GUARD, put

ME = "tests.faults.sabotage_services"


def no_ledger_of_the_store() -> None:
    """Whatever is on `auto-execute` may be done, though there is a store that knows better."""
    put(StoreLedger, "may_run", lambda *_: None)
    put(StoreLedger, "claim", lambda self, word, step: Claim(self.key(word, step), Grant.GO))
    put(StoreLedger, "finish", lambda *_: True)


def no_look_of_the_services() -> None:
    """A service asks the store step by step, and not before it begins."""
    put(StoreLedger, "may_run", lambda *_: None)


def no_proof_of_the_digest() -> None:
    """A word's digest is what it says it is."""
    put(hearing, "_proven", lambda word: word)


SABOTAGES: dict[str, Callable[[], None]] = {
    "store's ledger": no_ledger_of_the_store,
    "service's look": no_look_of_the_services,
    "proof of the digest": no_proof_of_the_digest,
}


def main(arguments: list[str]) -> Any:
    """A service where one is named, else their supervisor."""
    if not arguments:
        put(supervisor_child, "CHILD", ME)
        return supervisor_child.main()
    for guard in os.environ[GUARD].split(" + "):
        SABOTAGES.get(guard, lambda: None)()  # the others' processes lack the others
    return child.main()


if __name__ == "__main__":
    main(sys.argv[1:])
