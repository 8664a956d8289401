"""The scene of one moment: the promises, the place, and what was seen there."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from gate.contract.kinds import Item, Moment
from gate.contract.model import Contract, Promise
from gate.errors import ObservationError
from gate.sources.api.facts import ApiFacts
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, seen, told
from gate.sources.host.facts import HostFacts, Unit
from gate.sources.migrations.facts import Chain
from gate.sources.observed import Observed
from gate.target import Target

Kind = TypeVar("Kind", bound=Item)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that a comparison may look at.

    Attributes:
        baseline: What was seen before the deployment, where that is known.
    """

    contract: Contract
    target: Target
    moment: Moment
    observed: Observed
    baseline: Observed | None = None

    @property
    def host(self) -> HostFacts:
        """Facts about the host.

        Raises:
            ObservationError: The host could not be looked at; so with every property here.
        """
        return seen(self.observed.host, "look at the host")

    @property
    def database(self) -> DatabaseFacts:
        """Facts about the database."""
        return seen(self.observed.database, "look at the database")

    @property
    def api(self) -> ApiFacts:
        """Facts about the API."""
        return seen(self.observed.api, "look at the API")

    def item(self, promise: Promise, kind: type[Kind]) -> Kind:
        """What is promised at this moment, as its kind."""
        item = promise.at(self.moment)
        if not isinstance(item, kind):
            raise TypeError(f"{promise.id} is no {kind.__name__}")
        return item

    def unit(self, name: str) -> Unit | Absent:
        """One unit of the host."""
        if name not in self.host.units:
            raise ObservationError(f"cannot tell: the unit {name} was not asked for in this look")
        return told(self.host.units[name])

    def chain(self, folder: str) -> Chain:
        """The revisions of a folder."""
        if folder not in self.observed.chains:
            raise ObservationError(f"cannot tell: {folder} was not asked for in this look")
        return seen(self.observed.chains[folder], f"revision files in {folder}")

    def before(self, what: str) -> Observed:
        """What was seen before the deployment.

        Raises:
            ObservationError: Nothing to compare with; the text says how to give it.
        """
        if self.baseline is None:
            raise ObservationError(
                f"cannot tell {what}: no look from before the deployment is at hand; "
                f"run `pytest -m predeploy` first, or name its observed.json with --baseline"
            )
        return self.baseline
