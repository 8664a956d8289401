"""Long-running workers; each takes work from the database."""
