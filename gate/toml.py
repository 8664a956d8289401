"""Read TOML files strictly and say where a mistake is: file, table and key."""

from __future__ import annotations

import functools
import pathlib
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

import pydantic
from pydantic_core import CoreSchema
from typing_extensions import Self

from gate.docstring import attributes, summary
from gate.errors import GateError
from gate.rule import Rule, at_table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


PlaceName = Annotated[str, pydantic.Field(pattern=r"^[\w-]+$")]
"""What a target calls a further database or Redis."""


class Strict(pydantic.BaseModel):
    """A table of a file that somebody writes: taken as it stands, or not at all.

    No key that nobody knows, no number where a text is expected (nor the other way round), no
    infinity and no NaN; a list of TOML is a tuple.
    """

    RULES: ClassVar[tuple[Rule, ...]] = ()
    """What must hold between its keys; enforced here, and told by the schema."""

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True
    )

    @pydantic.model_validator(mode="before")
    @classmethod
    def _lists(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        lists, tables = _tuples(cls), _tables(cls)
        found: dict[object, object] = {}
        for key, value in given.items():
            if key in tables and isinstance(value, Mapping):
                found[key] = {name: _tuple(one) for name, one in value.items()}
            else:
                found[key] = _tuple(value) if key in lists else value
        return found

    @pydantic.model_validator(mode="after")
    def _rules(self) -> Self:
        for rule in self.RULES:
            if not rule.condition.holds(self):
                raise ValueError(rule.sentence)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Pydantic's schema, with the rules and with what the docstring says of each key."""
        found = handler.resolve_ref_schema(handler(core_schema))
        texts = attributes(cls)
        for name, field in cls.model_fields.items():
            own = found["properties"][field.alias or name]
            own.pop("title", None)
            text = texts.get(name) or texts.get(field.alias or "")
            if text:
                own["description"] = text
        if cls.RULES:
            found["allOf"] = [one.condition.schema(at_table) for one in cls.RULES]
        found["description"] = summary(cls)
        return found


@functools.cache
def _tuples(model: type[Strict]) -> frozenset[str]:
    """The keys of a table that take a list."""
    return frozenset(
        field.alias or name
        for name, field in model.model_fields.items()
        if any(get_origin(one) is tuple for one in _alternatives(field.annotation))
    )


@functools.cache
def _tables(model: type[Strict]) -> frozenset[str]:
    """The keys of a table that take a table of lists, by whatever names."""
    return frozenset(
        field.alias or name
        for name, field in model.model_fields.items()
        for one in _alternatives(field.annotation)
        if get_origin(one) is dict and get_origin(get_args(one)[1]) is tuple
    )


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def parse(file: pathlib.Path, error: type[GateError]) -> dict[str, Any]:
    """Read one TOML file.

    Raises:
        GateError: Of the given type: unreadable, not UTF-8, or malformed, with line and column.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as cause:
        raise error(f"{file}: cannot be read: {cause.strerror}") from cause
    except UnicodeDecodeError as cause:
        raise error(f"{file}: is not UTF-8 text (byte {cause.start})") from cause
    except (tomllib.TOMLDecodeError, ValueError) as cause:  # an integer of too many digits
        raise error(f"{file}: malformed TOML: {cause}") from cause
    except RecursionError as cause:
        raise error(f"{file}: malformed TOML: nested too deep") from cause


def place(
    where: str,
    error: pydantic.ValidationError,
    model: type[pydantic.BaseModel],
    also: tuple[str, ...] = (),
) -> str:
    """Tell all mistakes of a table, one a line, as ``where: key: what is wrong``.

    Args:
        where: File and table.
        error: What pydantic found.
        model: What it compared with: it says which keys there are.
        also: Further keys that may stand in the table itself.
    """
    lines = []
    for one in error.errors(include_url=False, include_context=False):
        key = ".".join(str(part) for part in one["loc"])
        text = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            known = {*_known(model, one["loc"][:-1]), *(also if len(one["loc"]) == 1 else ())}
            text = f"unknown key; known: {', '.join(sorted(known))}"
        lines.append(f"{where}: {key}: {text}" if key else f"{where}: {text}")
    return "\n".join(lines)


def _known(model: type[pydantic.BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys of the table that a path leads to."""
    for part in path:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if part in fields:
            inner = [
                one
                for one in _alternatives(fields[str(part)].annotation)
                if isinstance(one, type) and issubclass(one, pydantic.BaseModel)
            ]
            model = inner[0] if inner else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _alternatives(annotation: Any) -> Iterator[Any]:
    """What an annotation is made of: members of a union, what is annotated, members of a list."""
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        for one in get_args(annotation):
            yield from _alternatives(one)
        return
    yield annotation
    if get_origin(annotation) in (tuple, dict):
        for one in get_args(annotation):
            yield from _alternatives(one)
