"""ATUM DESK, as far as the gate can tell it from the real one."""
