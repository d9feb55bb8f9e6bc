"""The contracts as typed Python records, their bytes, digests and ids. Does no I/O."""
