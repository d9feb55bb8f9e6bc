"""What the resumer stands on: claim runs, flush what they did in groups, take back expired leases."""
