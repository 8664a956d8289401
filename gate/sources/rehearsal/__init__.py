"""The rehearsal: the migration on a clone, under witness."""
