"""The shape of a catalog: every kind of object, normalised so that equal means equal."""

from __future__ import annotations

from gate.facts.fact import Model


class Column(Model):
    """One column.

    Attributes:
        type: ``format_type`` of it, such as ``character varying(255)`` or ``vector(1536)``.
        default: ``pg_get_expr`` of its default or generation expression; ``None`` without.
        identity: ``""``, ``always`` or ``by default``.
        generated: ``""`` or ``stored``.
        collation: Only where it is not the type's default, else ``""``.
    """

    name: str
    type: str
    nullable: bool
    default: str | None = None
    identity: str = ""
    generated: str = ""
    collation: str = ""

    @property
    def definition(self) -> str:
        """The column as the contract writes it, such as ``integer not null default 0``."""
        parts = [self.type]
        parts += [f"collate {self.collation}"] if self.collation else []
        parts += [] if self.nullable else ["not null"]
        parts += [f"generated {self.identity} as identity"] if self.identity else []
        if self.default is not None:
            expression = f"generated always as ({self.default}) stored"
            parts += [expression if self.generated else f"default {self.default}"]
        return " ".join(parts)


class Constraint(Model):
    """One constraint: ``definition`` is ``pg_get_constraintdef``."""

    name: str
    definition: str
    validated: bool = True


class Index(Model):
    """One index that backs no constraint, or that does.

    Attributes:
        method: Access method: ``btree``, ``gin``, ``hnsw``, ...
        columns: One entry per key column: the column or expression, then its opclass where it is
            not the default one for the type, then ``desc``/``nulls first`` where set.
        include: Columns that are only carried along.
        options: Storage parameters (``reloptions``), such as ``{"m": "16"}``.
        predicate: Of a partial index, else ``""``.
        constraint: Whether a constraint made it.
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


class Table(Model):
    """One table (or partitioned table), with what belongs to it.

    Attributes:
        name: ``schema.name``; without the schema where it is ``public``.
        rows: The planner's estimate; -1 where it was never analysed. Not part of a comparison.
        bytes: Size with indexes and TOAST. Not part of a comparison.
    """

    name: str
    columns: dict[str, Column]
    constraints: dict[str, Constraint]
    owner: str = ""
    persistence: str = "permanent"
    row_security: bool = False
    rows: float = -1
    bytes: int = 0


class Catalog(Model):
    """Everything in the schemas that are not PostgreSQL's own.

    Attributes:
        tables: By name.
        indexes: By name.
        enums: Labels in order, by type name.
        extensions: Version, by name.
        objects: Every other kind by ``kind name``, such as ``sequence public.x_seq`` or
            ``trigger tickets.touch``, with its normalised definition: sequences, views, functions,
            triggers, policies, domains, grants, event triggers, settings per database and role.
    """

    tables: dict[str, Table]
    indexes: dict[str, Index]
    enums: dict[str, tuple[str, ...]]
    extensions: dict[str, str]
    objects: dict[str, str] = {}
