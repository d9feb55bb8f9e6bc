"""How long it takes to go on after everything died at once."""
