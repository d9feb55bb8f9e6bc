"""What can be wrong with the apps' settings, and how they end."""


class KafkaOptionError(ValueError):
    """Kafka option {option}: {problem}; {mend}."""

    def __init__(self, option: str, problem: str, mend: str) -> None:
        super().__init__(f"Kafka option {option}: {problem}; {mend}")
        self.option = option


class AppCrashedError(RuntimeError):
    """{app} stopped by itself: {reason}."""

    def __init__(self, app: str, reason: object) -> None:
        super().__init__(f"{app} stopped by itself: {reason!r}")
        self.app = app
