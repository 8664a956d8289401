"""Sources of facts: one package per source, each answers everything in one pass."""
