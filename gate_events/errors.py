"""What can be wrong with bytes, said so that the sender can mend it."""


class UndecodableError(ValueError):
    """{contract}: {problem}."""

    def __init__(self, contract: str, problem: str) -> None:
        super().__init__(f"{contract}: {problem}")
        self.contract = contract
        self.problem = problem


class UnencodableError(ValueError):
    """{contract} cannot be written: {problem}."""

    def __init__(self, contract: str, problem: str) -> None:
        super().__init__(f"{contract} cannot be written: {problem}")
        self.contract = contract
        self.problem = problem
