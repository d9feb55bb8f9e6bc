"""A resumer as a process: `python -m tests.resumer.child URL CHANGES`, the changes of its config in JSON."""

import json
import logging
import sys

from plangate.worker.parent import end_with_parent
from stream_apps.resumer.process import serve
from tests.resumer.stage import config

if __name__ == "__main__":
    end_with_parent()
    logging.basicConfig(level=logging.WARNING)
    serve(config(sys.argv[1], **json.loads(sys.argv[2])))
