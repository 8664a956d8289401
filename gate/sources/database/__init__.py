"""The database: one read-only session, the catalog in a few queries."""
