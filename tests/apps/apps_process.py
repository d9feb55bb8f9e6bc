"""The process under test: the Faust apps with the settings of a JSON file."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from gate_policy.catalogue import load_catalogue
from stream_apps.config import AppsConfig
from stream_apps.process import run_process


def config_of(given: dict[str, Any]) -> AppsConfig:
    catalogue = load_catalogue(given.pop("catalogue"))
    return AppsConfig(
        catalogue=catalogue, only=frozenset(given.pop("only")), spool=Path(given.pop("spool")), **given
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    sys.exit(run_process(config_of(json.loads(Path(sys.argv[1]).read_text()))))
