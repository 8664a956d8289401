"""The scene of one moment: the promises, the place, and what was seen there."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TypeVar

from gate.catalog.model import Catalog
from gate.catalog.names import parts
from gate.contract.item import Item, Moment
from gate.contract.model import Contract, Promise
from gate.errors import ObservationError
from gate.sources.api.facts import Answer, ApiFacts
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, CannotTell, Cause, Seen, require
from gate.sources.host.facts import HostFacts, Unit
from gate.sources.host.probe import F, Probe, S, probed
from gate.sources.migrations.facts import Chain
from gate.sources.observed import Observed
from gate.target import Target

T = TypeVar("T")
Kind = TypeVar("Kind", bound=Item)
Fact = Seen[T] | Absent | CannotTell


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that a comparison may look at.

    Attributes:
        baseline: What was seen before the deployment, where that is known.
        no_baseline: Why the look that is at hand from then was refused.
        on_clone: Whether the database is a rehearsal's clone, without the live one's owners, rights
            and settings.
    """

    contract: Contract
    target: Target
    moment: Moment
    observed: Observed
    baseline: Observed | None = None
    no_baseline: str = ""
    on_clone: bool = False

    @functools.cached_property
    def by_kind(self) -> Mapping[str, Sequence[Promise]]:
        """What is promised at this moment, by kind."""
        found: dict[str, list[Promise]] = {}
        for one in self.contract.at(self.moment):
            found.setdefault(one.kind, []).append(one)
        return found

    @property
    def host(self) -> HostFacts:
        """Facts about the host.

        Raises:
            ObservationError: The host could not be looked at; so with every property here.
        """
        return require(self.observed.host, "look at the host")

    @property
    def database(self) -> DatabaseFacts:
        """Facts about the database."""
        return require(self.observed.database, "look at the database")

    @property
    def api(self) -> ApiFacts:
        """Facts about the API."""
        return require(self.observed.api, "look at the API")

    def item(self, promise: Promise, kind: type[Kind]) -> Kind:
        """What is promised at this moment, as its kind."""
        item = promise.at(self.moment)
        if not isinstance(item, kind):
            raise TypeError(f"{promise.id} is no {kind.__name__}")
        return item

    def unit(self, name: str) -> Fact[Unit]:
        """A systemd unit of the host."""
        host = self.observed.host
        return asked(host.value.units, name) if isinstance(host, Seen) else host

    def probed(self, probe: Probe[S, F], subject: S) -> Fact[F]:
        """What a probe told of a subject."""
        host = self.observed.host
        return probed(host.value.probes, probe, subject) if isinstance(host, Seen) else host

    def catalog(self, name: str, table: str = "") -> Seen[Catalog] | CannotTell:
        """The database's catalog, where it can tell of an object.

        It cannot where the role may not use the object's schema, or its table was locked.

        Args:
            name: The object's, as the catalog has it.
            table: Its table's, where it is an index or a column.
        """
        database = self.observed.database
        if not isinstance(database, Seen):
            return unknown(database)
        facts, of = database.value, table or name
        schema, _ = parts(of)
        if schema in facts.catalog.closed:
            return CannotTell(
                f"{name}: the role {facts.user} has no USAGE on the schema {schema}: "
                f'GRANT USAGE ON SCHEMA "{schema}" TO "{facts.user}"',
                Cause.PERMISSION,
            )
        if of in facts.catalog.locked:
            return CannotTell(
                f"{name}: another session holds or awaits an exclusive lock on the table {of}; "
                f"look again when it is through",
                Cause.TIMEOUT,
            )
        return Seen(facts.catalog)

    def answer(self, id_: str) -> Fact[Answer]:
        """The answer to an endpoint item's request."""
        api = self.observed.api
        return asked(api.value.answers, id_) if isinstance(api, Seen) else api

    def chain(self, folder: str) -> Fact[Chain]:
        """The revisions of a folder."""
        fact = self.observed.migrations
        return asked(fact.value.folders, folder) if isinstance(fact, Seen) else unknown(fact)

    @property
    def revisions(self) -> Fact[tuple[str, ...]]:
        """The revisions that the database is at."""
        database = self.observed.database
        return database.value.alembic if isinstance(database, Seen) else unknown(database)

    def before(self, what: str) -> Observed:
        """What was seen before the deployment.

        Raises:
            ObservationError: Nothing to compare with; the text says how to give it.
        """
        if self.baseline is None:
            if self.no_baseline:
                raise ObservationError(f"cannot tell {what}: {self.no_baseline}")
            raise ObservationError(
                f"cannot tell {what}: no look from before the deployment is at hand; "
                f"run `pytest -m predeploy` first, or name its observed.json with --baseline"
            )
        return self.baseline


def asked(facts: Mapping[str, Fact[T]], key: str) -> Fact[T]:
    """A fact by its key; one that is missing was not asked for: never "absent"."""
    return facts.get(key, CannotTell(f"{key} was not asked for in this look", Cause.UPSTREAM))


def unknown(fact: Absent | CannotTell) -> CannotTell:
    """What is proven to be away tells nothing about what was in it."""
    return fact if isinstance(fact, CannotTell) else CannotTell(fact.proof, Cause.UPSTREAM)


def scene_of(
    contract: Contract, target: Target, observed: Observed, moment: Moment | None = None
) -> Scene:
    """A look by itself, for whoever tells what was seen."""
    return Scene(
        contract=contract, target=target, moment=moment or observed.moment, observed=observed
    )
