"""A supervisor's child that takes a second until it looks after its parent: `… FILE`, where its pid goes."""

import os
import sys
import time
from pathlib import Path

from plangate.worker.parent import end_with_parent

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(str(os.getpid()))
    time.sleep(1)
    end_with_parent()
    time.sleep(60)
