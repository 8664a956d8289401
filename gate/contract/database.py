"""What can be promised of a database: its schema by name, and where Alembic stands."""

from __future__ import annotations

from typing import Annotated

import pydantic

from gate.contract.item import AbsolutePath, Item, Name, Yes


class Database(Item):
    """Something about the database as a whole: exactly one of the keys.

    Attributes:
        connects_as: Role that the gate must reach it as; ``*`` for any that is no superuser.
        tables: How many tables there are.
        nothing_else: Tables, indexes and enums that the contract does not name must not be there.
        restored: After a rollback the catalog is the very one that was seen before.
    """

    connects_as: str | None = None
    tables: Annotated[int, pydantic.Field(gt=0)] | None = None
    nothing_else: Yes | None = None
    restored: Yes | None = None

    @pydantic.model_validator(mode="after")
    def _one_promise(self) -> Database:
        given = [self.connects_as, self.tables, self.nothing_else, self.restored]
        if sum(one is not None for one in given) != 1:
            raise ValueError("needs exactly one of connects_as, tables, nothing_else, restored")
        return self


class Table(Item):
    """A table: columns as ``type [not null] [default …]`` by name, keys as definitions by name."""

    columns: Annotated[dict[str, str], pydantic.Field(min_length=1)]
    keys: dict[str, str] = {}


class Column(Item):
    """A column that comes or goes, apart from its table's item."""

    table: Name
    column: Name
    definition: Name


class Index(Item):
    """An index that backs no constraint; it must also be valid and ready."""

    table: Name
    method: Name = "btree"
    columns: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]
    unique: bool = False
    options: dict[str, str] = {}
    predicate: str = ""
    include: tuple[str, ...] = ()


class Enum(Item):
    """An enum type with its labels in order."""

    labels: Annotated[tuple[str, ...], pydantic.Field(min_length=1)]


class Extension(Item):
    """An extension of the database; its version is a runtime's promise."""

    schema_: str = pydantic.Field(default="public", alias="schema")


class Migration(Item):
    """Something about Alembic: exactly one of the keys.

    Attributes:
        folder: Folder of the revision files.
        head: The one head of the chain in ``folder``.
        current: The one revision that the database is at.
        pending: Revisions between the database and the head of ``folder``, oldest first.
        revisions: Every revision of ``folder``, base first: one unbroken chain.
    """

    folder: AbsolutePath | None = None
    head: str | None = None
    current: str | None = None
    pending: tuple[str, ...] | None = None
    revisions: tuple[str, ...] | None = None

    @pydantic.model_validator(mode="after")
    def _one_promise(self) -> Migration:
        given = [self.head, self.current, self.pending, self.revisions]
        if sum(one is not None for one in given) != 1:
            raise ValueError("needs exactly one of head, current, pending, revisions")
        if self.current is None and self.folder is None:
            raise ValueError("needs the folder of the revision files")
        return self
