"""approval-requests, auto-execute, decisions and outcomes -> the gate store."""
