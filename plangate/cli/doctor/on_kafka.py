"""What waits on Kafka: records that a group has not taken, and letters that nobody has looked at."""

from collections.abc import Iterator
from functools import partial

from confluent_kafka import KafkaError, KafkaException

from gate_events.topics import DEAD_LETTERS
from gate_store.database import utc_now
from plangate.cli.counting import counted
from plangate.cli.doctor.at_work import SOON
from plangate.cli.doctor.finding import KAFKA, Found, Look, Question, look
from plangate.cli.moments import long
from plangate.kafka.backlog import lag_of
from plangate.kafka.letters import letters, marks
from plangate.kafka.reading import spans
from plangate.kafka.roles import PARTS, Role
from plangate.settings import Settings

_READ_AT_MOST = 5_000  # letters: more than that are counted by their places
_REFUSED = {KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED}
_HIDDEN = look("not for this user to see", "look as one who may Describe the group and read the topics")


def looks(settings: Settings) -> Iterator[Question]:
    """The lag of each group, and the dead letters."""
    for role in (Role.ROUTER, Role.GATEKEEPER):
        yield Question(f"lag of the {role}", partial(_if_allowed, partial(_lag, settings, role)), KAFKA)
    yield Question("dead letters", partial(_if_allowed, partial(_letters, settings)), KAFKA)


def _if_allowed(look_at_it: Look) -> Found | str:
    try:
        return look_at_it()
    except KafkaException as error:
        if error.args[0].code() in _REFUSED:
            return _HIDDEN
        raise


def _lag(settings: Settings, role: Role) -> Found | str:
    lag, now = lag_of(settings, role, PARTS[role].reads), utc_now()  # the broker dates them, not the store
    if lag.since is None:
        return "nothing waits"
    told = f"waiting: {counted(lag.count, 'record')}, the oldest since {long(now - lag.since)}"
    if now - lag.since < SOON:
        return told
    return look(told, f"see the log of the {role}: it takes them one after the other, or none")


def _letters(settings: Settings) -> Found | str:
    """Those of which nobody has noted what is to be done."""
    name = settings.topic(DEAD_LETTERS.name)
    held = spans(settings, name, None).values()
    count, mend = sum(each.end - each.first for each in held), "`plangate dead-letters list`"
    if count > _READ_AT_MOST:
        return look(f"{count:,}, marks among them", mend)
    marked = marks(settings) if count else {}
    moments = [each.at for each in letters(settings) if each.id not in marked] if count else []
    if not moments:
        return "none that nobody has looked at"
    return look(f"{len(moments):,}, the newest {long(utc_now() - max(moments))} ago", mend)
