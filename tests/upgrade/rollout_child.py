"""Rolls out the code that runs it: `python -m tests.upgrade.rollout_child OLD FOLDER SIZE`, the size as JSON.

Prints what came of it, as JSON.
"""

import sys
from pathlib import Path

import msgspec

from tests.upgrade.earlier import Earlier
from tests.upgrade.rollout import Size, roll_out

if __name__ == "__main__":
    size = msgspec.json.decode(sys.argv[3], type=Size)
    came = roll_out(Earlier(Path(sys.argv[1])), Path(sys.argv[2]), size)
    sys.stdout.buffer.write(msgspec.json.encode(came))
