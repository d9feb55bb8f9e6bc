"""What a worker's processes write to stderr."""

import logging

# Their INFO tells of threads and rebalances, a hundred lines at each start; what goes wrong stays.
CHATTY = ("aiokafka", "alembic", "faust", "mode", "stream_apps.faust_app")


def configure() -> None:
    """Our words at INFO, those of the Kafka clients and of Alembic from WARNING on."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
