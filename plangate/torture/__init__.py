"""`plangate torture`: whole worker trees, a seeded plan of faults, an outside witness, and a judge."""
