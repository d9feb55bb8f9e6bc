"""Services that propose plans and carry them out by themselves, with a store and without."""
