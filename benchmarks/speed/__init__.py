"""How fast Plangate is beside what it is built on: `python -m benchmarks.speed`."""
