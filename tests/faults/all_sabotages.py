"""Takes away every guard that a module names, in a process that is spoilt then: `all_sabotages MODULE`."""

import sys
from importlib import import_module

SABOTAGES = import_module(f"tests.faults.{sys.argv[1]}").SABOTAGES

for sabotage in SABOTAGES.values():
    sabotage()
sys.stdout.write(str(len(SABOTAGES)))
