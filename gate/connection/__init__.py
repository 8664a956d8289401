"""Ways to a target: ssh, containers, this very host; forwards, libpq's services."""
