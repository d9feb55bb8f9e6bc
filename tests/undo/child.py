"""A resumer that executes undo plans: `python -m tests.undo.child URL CHANGES`, as `tests.resumer.child`."""

import json
import logging
import sys

from gate_policy.catalogue import load_catalogue
from plangate.worker.parent import end_with_parent
from plangate.worker.undo_service import undo_service
from stream_apps.resumer.process import serve
from tests.resumer.stage import config
from tests.undo.scene import TEXT

if __name__ == "__main__":
    end_with_parent()
    logging.basicConfig(level=logging.WARNING)
    url, changes = sys.argv[1], json.loads(sys.argv[2])
    catalogue = load_catalogue(TEXT.format(tier="REVERSIBLE", more=""))
    executes = undo_service(url, catalogue, changes["lease_s"], probe_again_s=0.1)
    serve(config(url, executes_undo=executes, **changes))
