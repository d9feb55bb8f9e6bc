"""What is wrong with a store's URL, or with the database it leads to."""


class StoreUrlError(ValueError):
    """The store's URL cannot be used: {problem, with its mend}. Never shows a value of the URL."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the store's URL cannot be used: {problem}")
        self.problem = problem


class UnfitStoreError(Exception):
    """The store cannot be used as it is: {problem}; {mend}."""

    def __init__(self, problem: str, mend: str) -> None:
        super().__init__(f"{problem}; {mend}")
