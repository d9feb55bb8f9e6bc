"""How the names of a store's roles begin."""

PREFIX = "plangate_"
