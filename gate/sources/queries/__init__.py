"""Questions of a contract's own, in SQL: each alone in a transaction that can only read."""
