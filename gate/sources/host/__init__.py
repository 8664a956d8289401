"""The host: units, listeners, paths, processes; one script over one connection."""
