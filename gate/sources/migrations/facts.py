"""Facts about a folder of Alembic revisions, read from the files without running them."""

from __future__ import annotations

from gate.sources.fact import Fact, Model


class Revision(Model):
    """One revision file.

    Attributes:
        parents: ``down_revision`` as a tuple; empty for a base.
        depends_on: ``depends_on`` as a tuple.
    """

    id: str
    parents: tuple[str, ...]
    file: str
    branch_labels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()


class Chain(Model):
    """All revisions of a release.

    Attributes:
        revisions: By id.
        heads: Ids that no other revision comes after, sorted; one in a healthy release.
        bases: Ids without a parent, sorted.
        missing: Parents that no file defines, sorted.
        problems: Files that could not be understood, duplicate ids, cycles: as sentences.
    """

    folder: str
    revisions: dict[str, Revision]
    heads: tuple[str, ...]
    bases: tuple[str, ...]
    missing: tuple[str, ...]
    problems: tuple[str, ...]


class Chains(Model):
    """Revisions of each asked folder, by the folder as the contract says it."""

    folders: dict[str, Fact[Chain]]
