"""The one error of the development services."""


class DevServiceError(RuntimeError):
    """{service}: {problem}; {mend}"""

    def __init__(self, service: str, problem: str, mend: str) -> None:
        super().__init__(f"{service}: {problem}; {mend}")
        self.service = service
        self.problem = problem
        self.mend = mend
