"""The one document that a look leaves: ``observed.json``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import pydantic
from typing_extensions import Self

from gate.contract.item import Moment
from gate.plan.facts import PlanFacts
from gate.sources.api.facts import ApiFacts
from gate.sources.binding import Binding
from gate.sources.database.facts import DatabaseFacts
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Model, Seen
from gate.sources.host.facts import HostFacts
from gate.sources.migrations.facts import Chain, Chains
from gate.sources.registry import sources
from gate.sources.rehearsal.facts import RehearsalFacts
from gate.sources.source import F, Source

KNOWN = (Seen, Absent, CannotTell)


class Kept(Model):
    """What a source told that is not known here, or not in this format: kept, and not judged."""

    format: int
    facts: Any


def _read(value: object) -> dict[str, Any]:
    """Facts by source: as they are, or as a document has them."""
    if not isinstance(value, Mapping):
        raise ValueError("expected facts by source")  # noqa: TRY004 - pydantic's
    return {str(name): _fact(str(name), one) for name, one in value.items()}


def _fact(name: str, value: object) -> Any:
    if isinstance(value, (*KNOWN, Kept)):
        return value
    try:
        kept, source = Kept.model_validate(value), sources().get(name)
        if source is None or source.format != kept.format:
            return kept
        return _adapter(source).validate_python(kept.facts)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join((name, *map(str, first["loc"])))
        raise ValueError(f"{where}: {first['msg']}") from None


def _written(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same as JSON, with the format of each."""
    return {
        name: one.model_dump(mode="json")
        if isinstance(one, Kept)
        else {
            "format": sources()[name].format,
            "facts": _adapter(sources()[name]).dump_python(one, mode="json"),
        }
        for name, one in facts.items()
    }


def _adapter(source: Source[Any]) -> pydantic.TypeAdapter[Any]:
    if source.name not in _ADAPTERS:
        _ADAPTERS[source.name] = pydantic.TypeAdapter(Fact[source.facts])  # type: ignore[misc, name-defined]
    return _ADAPTERS[source.name]


_ADAPTERS: dict[str, pydantic.TypeAdapter[Any]] = {}

Facts = Annotated[
    dict[str, Any], pydantic.PlainValidator(_read), pydantic.PlainSerializer(_written)
]


class Observed(Model):
    """Everything that was seen of one target at one moment.

    Attributes:
        bound: What it belongs to: the target as it was, the contract, and what was asked.
        format: Version of this document's shape; another one is refused.
        target: Name of the target.
        instance: Which one of several targets of that name.
        started: When the look began (UTC).
        finished: When it ended (UTC).
        sources: What each source told, by its name, with a format number of its own.
        seconds: Duration of each part of the look, in seconds.
    """

    format: Literal[3] = 3
    target: str
    instance: str = ""
    moment: Moment
    bound: Binding = Binding()
    started: pydantic.AwareDatetime
    finished: pydantic.AwareDatetime
    sources: Facts
    seconds: dict[str, float] = {}

    def of(self, source: Source[F]) -> Fact[F]:
        """What a source told; where it was not looked at then, it cannot be told."""
        return cast("Fact[F]", self.told(source.name))

    def told(self, name: str) -> Fact[Any]:
        """What the source of a name told."""
        fact = self.sources.get(name)
        if isinstance(fact, KNOWN):
            return fact
        if fact is None:
            reason = f"{name} was not looked at then: the look is older than this source of facts"
        else:
            source = sources().get(name)
            needs = f", and this one has {source.format}" if source else ", and none is installed"
            reason = f"{name} was kept by another version (format {fact.format}{needs})"
        return CannotTell(reason, Cause.UPSTREAM)

    @property
    def host(self) -> Fact[HostFacts]:
        """The host."""
        return self.told("host")

    @property
    def database(self) -> Fact[DatabaseFacts]:
        """The database."""
        return self.told("database")

    @property
    def api(self) -> Fact[ApiFacts]:
        """The API."""
        return self.told("api")

    @property
    def migrations(self) -> Fact[Chains]:
        """The revision files."""
        return self.told("migrations")

    @property
    def chains(self) -> Mapping[str, Fact[Chain]]:
        """Revisions of each folder, as far as the revision files were looked at."""
        fact = self.migrations
        return fact.value.folders if isinstance(fact, Seen) else {}

    @property
    def plan(self) -> Fact[PlanFacts]:
        """What was carried out just before the look, if anything."""
        return self.told("plan")

    @property
    def rehearsal(self) -> Fact[RehearsalFacts]:
        """What a clone showed of the migration that is to come."""
        return self.told("rehearsal")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A changed copy; the name of a source stands for what it told."""
        changed = dict(update or {})
        facts = {
            name: changed.pop(name) for name in [*changed] if name not in Observed.model_fields
        }
        if facts:
            changed["sources"] = {**changed.get("sources", self.sources), **facts}
        return super().model_copy(update=changed, deep=deep)

    def under_way(self, part: str) -> tuple[dt.datetime, dt.datetime]:
        """Between which times, by the gate's own clock, a source was asked at the latest.

        All sources are asked together and the look ends with the last of them, so that a slow API
        does not blur when the host was asked.
        """
        late = {name for name, one in sources().items() if one.late}
        parts = {name: value for name, value in self.seconds.items() if name not in late}
        longest = max(parts.values(), default=0.0)
        spared = max(0.0, longest - parts.get(part, longest))
        return self.started, max(self.started, self.finished - dt.timedelta(seconds=spared))
