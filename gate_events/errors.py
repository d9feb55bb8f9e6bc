"""What can be wrong with bytes, said so that the sender can mend it."""

from gate_events.shown import shown


class UndecodableError(ValueError):
    """{contract}: {problem}. Whatever the problem quotes of the bytes is spelled out."""

    def __init__(self, contract: str, problem: str) -> None:
        self.contract = shown(contract)
        self.problem = shown(problem)
        super().__init__(f"{self.contract}: {self.problem}")


class UnencodableError(ValueError):
    """{contract} cannot be written: {problem}."""

    def __init__(self, contract: str, problem: str) -> None:
        super().__init__(f"{contract} cannot be written: {problem}")
        self.contract = contract
        self.problem = problem


class RegistryUnavailableError(ConnectionError):
    """The schema registry gave no answer: {problem}. The bytes may be good; try again."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the schema registry gave no answer: {problem}; the bytes may be good: try again")
        self.problem = problem
