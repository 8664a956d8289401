"""The shape of a catalog: every kind of object, normalised so that equal means equal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gate.document import Model


class Column(Model):
    """One column.

    Attributes:
        type: ``format_type`` of it, such as ``character varying(255)`` or ``vector(1536)``.
        default: ``pg_get_expr`` of its default or generation expression; ``None`` without.
        identity: ``""``, ``always`` or ``by default``.
        generated: ``""``, ``stored`` or ``virtual``.
        collation: Only where it is not the type's default, else ``""``.
        storage: Storage, compression, statistics target, options, the name of its NOT NULL and
            where it is inherited from, where they are not the default.
    """

    name: str
    type: str
    nullable: bool
    default: str | None = None
    identity: str = ""
    generated: str = ""
    collation: str = ""
    storage: str = ""

    @property
    def definition(self) -> str:
        """The column as the contract writes it, such as ``integer not null default 0``."""
        parts = [self.type]
        parts += [f"collate {self.collation}"] if self.collation else []
        parts += [] if self.nullable else ["not null"]
        parts += [f"generated {self.identity} as identity"] if self.identity else []
        if self.default is not None:
            expression = f"generated always as ({self.default}) {self.generated}"
            parts += [expression if self.generated else f"default {self.default}"]
        return " ".join(parts)


class Constraint(Model):
    """One constraint.

    Attributes:
        definition: ``pg_get_constraintdef``, which says what is deferrable or not validated.
        validated: Whether the rows that were there were checked.
        own: Whether it is the table's own; else it came with a table that it inherits from.
        copied: Whether it is a partition's copy of the whole's foreign key, which a dump does not
            carry: not part of a comparison.
    """

    name: str
    definition: str
    validated: bool = True
    own: bool = True
    copied: bool = False


class Index(Model):
    """One index that backs no constraint, or that does.

    Attributes:
        method: Access method: ``btree``, ``gin``, ``hnsw``, ...
        columns: One entry per key column: the column or expression, then its collation and its
            opclass where they are not the default ones, then ``desc``/``nulls first`` where set.
        include: Columns that are only carried along.
        options: Storage parameters (``reloptions``), such as ``{"m": "16"}``.
        predicate: Of a partial index, else ``""``.
        constraint: Whether a constraint made it.
        nulls_distinct: Whether a unique index lets any number of nulls in.
        placed: Tablespace, the index that it is a partition of, and statistics targets.
    """

    name: str
    table: str
    method: str
    columns: tuple[str, ...]
    unique: bool
    include: tuple[str, ...] = ()
    options: dict[str, str] = {}
    predicate: str = ""
    valid: bool = True
    ready: bool = True
    constraint: bool = False
    nulls_distinct: bool = True
    placed: str = ""

    @property
    def definition(self) -> str:
        """The index on one line, such as ``hnsw on t (v vector_l2_ops) with (m=16)``."""
        parts = ["unique"] if self.unique else []
        parts += [self.method, f"on {self.table} ({', '.join(self.columns)})"]
        parts += [f"include ({', '.join(self.include)})"] if self.include else []
        parts += [] if self.nulls_distinct else ["nulls not distinct"]
        parts += [f"with ({written(self.options)})"] if self.options else []
        parts += [f"where {self.predicate}"] if self.predicate else []
        parts += [f"[{self.placed}]"] if self.placed else []
        return " ".join([*parts, *self.defects])

    @property
    def defects(self) -> list[str]:
        """What a build that broke off leaves behind."""
        invalid = [] if self.valid else ["INVALID"]
        return invalid if self.ready else [*invalid, "NOT READY"]


class Table(Model):
    """One table (or partitioned table), with what belongs to it.

    Attributes:
        name: ``schema.name``; without the schema where it is ``public``.
        rows: The planner's estimate; -1 where it was never analysed. Not part of a comparison.
        bytes: Size with indexes and TOAST. Not part of a comparison.
        row_security: Whether its policies hold.
        force_row_security: Whether they hold for its owner too.
        partition: How it is partitioned, what it is a partition of, or what it inherits from.
        options: Storage parameters (``reloptions``), such as ``{"fillfactor": "70"}``.
        placed: Row type, access method, tablespace, options of its TOAST table, the index that it
            is clustered on, and replica identity, where they are not the default.
    """

    name: str
    columns: dict[str, Column]
    constraints: dict[str, Constraint]
    owner: str = ""
    persistence: str = "permanent"
    row_security: bool = False
    rows: float = -1
    bytes: int = 0
    force_row_security: bool = False
    partition: str = ""
    options: dict[str, str] = {}
    placed: str = ""

    @property
    def definition(self) -> str:
        """The table without its columns, such as ``permanent, row security``."""
        parts = [self.persistence]
        parts += [self.partition] if self.partition else []
        parts += ["row security"] if self.row_security else []
        parts += ["forced row security"] if self.force_row_security else []
        parts += [f"with ({written(self.options)})"] if self.options else []
        parts += [self.placed] if self.placed else []
        return ", ".join(parts)


class Catalog(Model):
    """Everything in the schemas that are not PostgreSQL's own.

    Attributes:
        tables: By name.
        indexes: By name.
        enums: Labels in order, by type name.
        extensions: Version, by name.
        extension_schemas: Schema, by name of the extension.
        objects: Every other kind by ``kind name``, such as ``sequence x_seq`` or ``trigger
            orders.touch``, with its definition; empty where the catalog is not `whole`.
        owners: Role by key of `objects`, of what has an owner of its own.
        whole: Whether `objects` was read.
        closed: Schemas that the role that read it may not use; what PostgreSQL prints of names in
            them depends on that.
        locked: Tables that were not read since another session locks them.
    """

    tables: dict[str, Table]
    indexes: dict[str, Index]
    enums: dict[str, tuple[str, ...]]
    extensions: dict[str, str]
    extension_schemas: dict[str, str] = {}
    objects: dict[str, str] = {}
    owners: dict[str, str] = {}
    whole: bool = False
    closed: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()


def written(options: Mapping[str, str]) -> str:
    """Storage parameters in the order of their names, such as ``ef_construction=64, m=16``."""
    return ", ".join(f"{key}={value}" for key, value in sorted(options.items()))


def labelled(labels: Iterable[str]) -> str:
    """The labels of an enum in order; one that would not be told from others stands in quotes."""
    return ", ".join("'" + one.replace("'", "''") + "'" if _odd(one) else one for one in labels)


def _odd(label: str) -> bool:
    """Whether it might be taken for two labels, for none, or for no type at all."""
    return "," in label or "'" in label or not label.strip() or label == "absent"
