"""What can go wrong between a record and its topic, and the mend."""

from confluent_kafka import KafkaError

_BROKER = "check bootstrap.servers and that the broker runs"
_RIGHTS = "let this user write to the topic: `plangate topics acls` says what each role needs"
_MENDS = {
    KafkaError.MSG_SIZE_TOO_LARGE: (
        "make the plan smaller, or raise message.max.bytes here and max.message.bytes on the topic"
    ),
    KafkaError.INVALID_MSG_SIZE: "make the plan smaller",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "create the topics: plangate topics create",
    KafkaError._UNKNOWN_TOPIC: "create the topics: plangate topics create",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: _RIGHTS,
    # Who may write no topic at all may not even begin to. The producer is over then; a new one tries again.
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: f"{_RIGHTS}; then start anew",
    KafkaError._AUTHENTICATION: "check sasl.username, sasl.password and sasl.mechanism",
    KafkaError._SSL: "check ssl.ca.location, and that the broker's certificate is for the host that is named",
    KafkaError._MSG_TIMED_OUT: _BROKER,
    KafkaError._TRANSPORT: _BROKER,
    KafkaError._ALL_BROKERS_DOWN: _BROKER,
}


_OUR_CERTIFICATE = "check ssl.certificate.location and ssl.key.location"


def is_refusal(error: KafkaError) -> bool:
    """Whether a broker does not let this client in; its records only learn that time is up."""
    return error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL) or _alerts(error)


def _alerts(error: KafkaError) -> bool:
    return "tls alert" in error.str()


class NotDeliveredError(Exception):
    """{record} was not delivered to {topic}: {reason}; {mend}."""

    def __init__(self, record: str, topic: str, error: KafkaError) -> None:
        mend = (
            _OUR_CERTIFICATE if _alerts(error) else _MENDS.get(error.code(), f"Kafka calls it {error.name()}")
        )
        super().__init__(f"{record} was not delivered to {topic}: {error.str()}; {mend}")
        self.record = record
        self.topic = topic
        self.error = error
