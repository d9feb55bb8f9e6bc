"""The names of Plangate's own consumer groups, after the operator's prefix."""

GROUPS = "plangate-"  # they begin so; no service's does
GATEKEEPERS = f"{GROUPS}gatekeeper"
