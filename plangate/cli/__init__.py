"""The `plangate` command: one file for each group of commands."""
