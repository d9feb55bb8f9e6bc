"""The demo: 200 billing inquiries overnight, one edge case, one look by a human."""
