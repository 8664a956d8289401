"""The HTTP API: one client, concurrent, each request with its deadline."""
