"""Half an hour of steady work with a kill a minute: what must be flat at the end is."""
