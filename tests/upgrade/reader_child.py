"""Decodes with the code that runs it: `python reader_child.py FILE`, of pairs of record type and bytes.

Null for a record type that this code does not know.
"""

import json
import sys
from pathlib import Path

from gate_events.codec import decode, to_json
from gate_events.topics import TOPICS

if __name__ == "__main__":
    types = {topic.record.__name__: topic.record for topic in TOPICS}
    said = json.loads(Path(sys.argv[1]).read_text())
    read = [decode(bytes.fromhex(body), types[name]) if name in types else None for name, body in said]
    json.dump([None if each is None else json.loads(to_json(each)) for each in read], sys.stdout)
