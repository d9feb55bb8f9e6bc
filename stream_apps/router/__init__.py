"""plans -> auto-execute or approval-requests."""
