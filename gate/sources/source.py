"""What a source of facts is to the engine: questions in, one three-valued fact out, kept by name.

Whoever adds a source writes one module or package of `gate.sources` with one ``SOURCE`` in it, or
names one by the entry point ``gate.sources``. A look asks every source, ``observed.json`` keeps
what each told under its name, and a kind finds it with ``scene.observed.of(SOURCE)``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from gate.connection.carrier import Carrier
from gate.contract.item import Moment
from gate.contract.model import Contract
from gate.sources.fact import Fact, Model
from gate.target import Target

F = TypeVar("F", bound=Model)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Looking:
    """What a source may use while it looks.

    Attributes:
        target: Where it looks.
        moment: Which moment it is.
        asked: Questions of every kind of promise; a source answers its own.
        carrier: The way to the target's host, open for all sources.
        contract: What is promised, where there is one; most sources need the questions alone.
        writes: Whether requests may be sent that say that they write.
        tell: Is told of every longer stage as it begins.
        of: What another source told in this look; it is waited for. Of those alone that are named
            in `Source.after`.
    """

    target: Target
    moment: Moment
    asked: Sequence[object]
    carrier: Carrier
    contract: Contract | None
    writes: bool
    tell: Callable[[str], None]
    of: Callable[[str], Fact[Any]]

    @property
    def version_table(self) -> str:
        """Where Alembic keeps the database's revision."""
        return self.contract.version_table if self.contract else "alembic_version"


def unchanged(facts: F, was: Mapping[str, str], asked: Mapping[str, str]) -> F:
    """Nothing that it keeps depends on the words of a question."""
    del was, asked
    return facts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source(Generic[F]):
    """A source of facts.

    Attributes:
        name: What its facts are kept under; no other source may be called so.
        rank: Its place among the sources.
        format: Raise it when its facts change their shape or meaning: what another one kept is not
            judged, and spoils nothing else.
        facts: Model of everything that it tells in one look.
        look: Looks once, for all questions; it raises nothing for what the target does. ``None``
            where its facts come about otherwise, and are only kept.
        unasked: What is said of it where it was not looked at in a run.
        after: Names of the sources whose facts it needs.
        late: Whether it looks when the look is over, at the moment before the deployment only.
        deadline: How long it may take, in seconds, where it does not see to that by itself.
        belonging: Its facts without the answers to other questions than are asked now, by the
            digests of the questions then and now.
    """

    name: str
    rank: int = 1000
    format: int
    facts: type[F]
    look: Callable[[Looking], Fact[F]] | None
    unasked: str = "it was not asked for by this run"
    after: tuple[str, ...] = ()
    late: bool = False
    deadline: Callable[[Target], float] | None = None
    belonging: Callable[[F, Mapping[str, str], Mapping[str, str]], F] = unchanged
