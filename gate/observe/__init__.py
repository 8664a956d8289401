"""How it is looked at: one module per source, each answers everything in one pass."""
