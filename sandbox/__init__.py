"""A whole ATUM DESK to try the gate on; it stands apart, and the gate never imports it."""
