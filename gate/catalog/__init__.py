"""A PostgreSQL schema as data: read in a few set-returning queries, compared, told apart."""
