"""What units, files and containers log: read on the host, newest first, sieved and bounded."""
