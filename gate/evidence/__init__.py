"""Evidence of a run that others verify: statements, whose key signs them, and what is wrong now."""
