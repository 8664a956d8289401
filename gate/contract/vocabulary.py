"""What the loader has to know of a kind of promise; the kinds themselves stand above it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from gate.contract.item import Item, Moment
from gate.contract.model import Promise


class Word(Protocol):
    """A kind as the loader sees it; `gate.kinds.kind.Kind` says what the members mean."""

    @property
    def name(self) -> str:
        """First part of an item's id."""

    @property
    def chapter(self) -> str:
        """File of the contract, without ``.toml``."""

    @property
    def model(self) -> type[Item]:
        """What can be promised."""

    @property
    def moments(self) -> Callable[[Item, bool], tuple[Moment, ...]]:
        """When an item is accounted for."""

    @property
    def references(self) -> Callable[[Item, Mapping[str, Promise]], Iterable[str]]:
        """What is wrong with what an item says of others."""

    @property
    def spread(self) -> Callable[[Promise], Iterable[Promise]]:
        """The promises that one table comes to."""


Vocabulary = Mapping[str, Word]
"""Kinds by name, in their order."""


def chapters(vocabulary: Vocabulary) -> dict[str, list[str]]:
    """Names of the kinds of each chapter, in order."""
    found: dict[str, list[str]] = {}
    for name, word in vocabulary.items():
        found.setdefault(word.chapter, []).append(name)
    return found
