"""The ways in which Alembic's process ends before it tells what it was asked for."""

from __future__ import annotations

from gate.connection.obstacle import CarrierError
from gate.errors import ObservationError

UNCALLED = (
    "{} ended well and called no command of Alembic in its own process: it looked first whether "
    "there is anything to do, or started a program of its own. An adapter of a few lines calls "
    "Alembic in any case, or Alembic's own command line is named in command"
)
ITSELF = (
    "env.py ended its process, with exit status 0, before Alembic knew at which revision the "
    "database is: nothing is known of what it does"
)


class UncalledError(ObservationError):
    """The application did not call Alembic."""


class ItselfError(ObservationError):
    """``env.py`` ended its process, as if all were well, before anything was known."""


class GoneError(CarrierError):
    """Alembic's process went while something was done, and nobody told of it."""


class NotStartedError(ObservationError):
    """Alembic's process did not start."""
