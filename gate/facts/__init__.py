"""What can be seen of a target, as data; how it is looked at stands in `gate.observe`."""
