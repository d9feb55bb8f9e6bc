"""What a worker does."""

PARTS = ("router", "gatekeeper", "resumer")
