"""What can be wrong with the apps' settings."""


class KafkaOptionError(ValueError):
    """Kafka option {option}: {problem}; {mend}."""

    def __init__(self, option: str, problem: str, mend: str) -> None:
        super().__init__(f"Kafka option {option}: {problem}; {mend}")
        self.option = option
