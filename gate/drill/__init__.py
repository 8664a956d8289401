"""The drill: faults that are done on purpose, and whether the gate says no to each."""
