"""A run of the gate, without pytest: what was asked for, the stage, a moment, its conclusion."""
