"""Deploy and rollback plans: carried out step by step, recorded, one gate at a time."""
