"""The one error of this package: a sentence for the user, never a traceback."""


class MachineError(Exception):
    """A machine could not be built, started, reached or stopped; says why and what to do."""
