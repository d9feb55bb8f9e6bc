"""Records may be read by several threads from the first one on."""

import subprocess
import sys

# What msgspec learns of a type only at its first use, it would learn of these.
LATER = """
import msgspec
from gate_events import records, values
kinds = [kind for kind in (*vars(records).values(), *vars(values).values())
         if isinstance(kind, type) and issubclass(kind, values.Value)]
for kind in kinds:
    kind.__annotations__ = {name: "NoSuchType" for name in kind.__struct_fields__}
for kind in kinds:
    try:
        msgspec.convert({}, kind)
    except msgspec.ValidationError:
        pass
print(len(kinds))
"""


def test_what_msgspec_knows_of_a_record_it_knows_before_any_thread_reads_one() -> None:
    """msgspec 0.22 crashes the process where two threads are the first to read records of one type."""
    done = subprocess.run([sys.executable, "-c", LATER], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert int(done.stdout) > 10
