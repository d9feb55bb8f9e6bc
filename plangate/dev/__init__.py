"""Services for development without Docker: Kafka, PostgreSQL and a schema registry as child processes.

Each is a context manager bound to 127.0.0.1 with a data folder of its own. `plangate dev`, the demo, the
benchmarks and the tests start the same code.
"""
