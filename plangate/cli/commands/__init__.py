"""The commands: names, options and help. Each imports what does its work when it is called.

So `--help` and shell completion load no Kafka client, no database and no graph. `plangate.cli.table` has
one row for each command.
"""
