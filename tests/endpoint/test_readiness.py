"""Whether a worker is ready: each part serves, Kafka and the store answer, and what does not is named."""

from typing import Any

from plangate.worker.endpoint.asked import Asked
from plangate.worker.endpoint.health import readiness

PARTS = {"apps": ("router", "gatekeeper"), "resumer 1": ("resumer",)}


def test_each_part_is_named_with_its_process_and_what_is_wrong() -> None:
    serves = {("apps", "router"), ("resumer 1", "resumer")}
    asked: dict[str, Asked[Any]] = {
        "Kafka": Asked("Kafka", dict[str, str]),
        "store": Asked("the store", lambda: 1 / 0),
    }
    assert readiness(PARTS, lambda process, part: (process, part) in serves, asked) == {
        "router (apps)": "",
        "gatekeeper (apps)": "does not serve",
        "resumer (resumer 1)": "",
        "Kafka": "",
        "store": "does not answer",
    }
