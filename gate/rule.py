"""Rules between the keys of one table, as data: the loader enforces them, the schema tells them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any, Protocol

Given = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Makes a schema: this key is given, with a value of that schema (``{}`` for any value)."""
EMPTY: dict[str, Any] = {"enum": ["", [], {}]}


class Condition(Protocol):
    """Something that is true or false of a table."""

    def holds(self, table: object) -> bool:
        """Whether it is true of a table that was read."""

    def schema(self, given: Given) -> dict[str, Any]:
        """The same as a JSON Schema."""


@dataclasses.dataclass(frozen=True)
class Has:
    """A key is given; an empty list is given, too."""

    key: str

    def holds(self, table: object) -> bool:
        """It has a value."""
        return getattr(table, _field(table, self.key)) is not None

    def schema(self, given: Given) -> dict[str, Any]:
        """It has any value."""
        return given(self.key, {})


@dataclasses.dataclass(frozen=True)
class Filled:
    """A key is given and not empty."""

    key: str

    def holds(self, table: object) -> bool:
        """It has a value, and that is no empty text, list or table."""
        return bool(getattr(table, _field(table, self.key)))

    def schema(self, given: Given) -> dict[str, Any]:
        """It has a value that is not empty."""
        return given(self.key, {"not": EMPTY})


@dataclasses.dataclass(frozen=True)
class Is:
    """A key has a value that is not its default."""

    key: str
    value: str | bool

    def holds(self, table: object) -> bool:
        """It has this value."""
        return bool(getattr(table, _field(table, self.key)) == self.value)

    def schema(self, given: Given) -> dict[str, Any]:
        """It is given with this value."""
        return given(self.key, {"const": self.value})


@dataclasses.dataclass(frozen=True)
class Like:
    """A key has a text that is like a pattern."""

    key: str
    pattern: str

    def holds(self, table: object) -> bool:
        """It has such a text."""
        found = getattr(table, _field(table, self.key))
        return isinstance(found, str) and re.search(self.pattern, found) is not None

    def schema(self, given: Given) -> dict[str, Any]:
        """It is given with such a text."""
        return given(self.key, {"type": "string", "pattern": self.pattern})


@dataclasses.dataclass(frozen=True)
class AtLeast:
    """A key has a value that is no smaller."""

    key: str
    value: int

    def holds(self, table: object) -> bool:
        """It has such a value."""
        found = getattr(table, _field(table, self.key))
        return found is not None and bool(found >= self.value)

    def schema(self, given: Given) -> dict[str, Any]:
        """It is given with such a value."""
        return given(self.key, {"minimum": self.value})


class Some:
    """At least one of some conditions."""

    def __init__(self, *conditions: Condition) -> None:
        """Take the conditions."""
        self._conditions = conditions

    def holds(self, table: object) -> bool:
        """One of them holds."""
        return any(one.holds(table) for one in self._conditions)

    def schema(self, given: Given) -> dict[str, Any]:
        """Any of them."""
        return {"anyOf": [one.schema(given) for one in self._conditions]}


class One:
    """Exactly one of some keys."""

    def __init__(self, *keys: str) -> None:
        """Take the keys."""
        self._keys = tuple(Has(key) for key in keys)

    def holds(self, table: object) -> bool:
        """Not none, and not two."""
        return sum(one.holds(table) for one in self._keys) == 1

    def schema(self, given: Given) -> dict[str, Any]:
        """One of them, and no other."""
        return {"oneOf": [one.schema(given) for one in self._keys]}


@dataclasses.dataclass(frozen=True)
class Not:
    """The contrary."""

    condition: Condition

    def holds(self, table: object) -> bool:
        """It does not hold."""
        return not self.condition.holds(table)

    def schema(self, given: Given) -> dict[str, Any]:
        """Not that."""
        return {"not": self.condition.schema(given)}


@dataclasses.dataclass(frozen=True)
class Both:
    """Two conditions that hold together, or neither."""

    one: Condition
    other: Condition

    def holds(self, table: object) -> bool:
        """Both or neither."""
        return self.one.holds(table) == self.other.holds(table)

    def schema(self, given: Given) -> dict[str, Any]:
        """Both or neither."""
        pair = [self.one.schema(given), self.other.schema(given)]
        return {"anyOf": [{"allOf": pair}, {"not": {"anyOf": pair}}]}


@dataclasses.dataclass(frozen=True)
class Rule:
    """What must hold of every table of a model.

    Attributes:
        condition: The rule.
        sentence: What is told where it is broken.
    """

    condition: Condition
    sentence: str


def exactly_one(*keys: str) -> Rule:
    """Exactly one of some keys says what is promised."""
    return Rule(One(*keys), f"needs exactly one of {', '.join(keys)}")


def at_least_one(*keys: str) -> Rule:
    """At least one of some keys."""
    return Rule(Some(*map(Has, keys)), f"needs at least one of {', '.join(keys)}")


def never_absent(what: str) -> Rule:
    """Nothing that can be there or not: that it is absent would promise nothing."""
    return Rule(Not(Is("absent", True)), f"{what} cannot be promised to be absent")


def at_table(key: str, value: dict[str, Any]) -> dict[str, Any]:
    """A key stands in the table itself."""
    found: dict[str, Any] = {"required": [key]}
    return {**found, "properties": {key: value}} if value else found


def _field(table: object, key: str) -> str:
    """The attribute that holds a key."""
    for name, field in getattr(type(table), "model_fields", {}).items():
        if field.alias == key:
            return str(name)
    return key
