"""Every key of a contract and of a target is explained where it is declared."""

from __future__ import annotations

import typing

import pydantic
import pytest

from gate.contract.load import About
from gate.contract.rehearsal import Alembic
from gate.docstring import attributes, summary
from gate.kinds.registry import kinds
from gate.target import Target


def models() -> list[type[pydantic.BaseModel]]:
    """The model of each kind, of the tables beside them, and of a target, with those inside."""
    found: dict[type[pydantic.BaseModel], None] = {}
    todo: list[type] = [Target, About, Alembic, *(kind.model for kind in kinds().values())]
    while todo:
        one = todo.pop(0)
        if not issubclass(one, pydantic.BaseModel) or one in found:
            continue
        found[one] = None
        for field in one.model_fields.values():
            todo += _classes(field.annotation)
    return list(found)


def _classes(annotation: object) -> list[type]:
    """The classes that an annotation names."""
    inner = typing.get_args(annotation)
    if inner:
        return [one for part in inner for one in _classes(part)]
    return [annotation] if isinstance(annotation, type) else []


@pytest.mark.parametrize("model", models(), ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_every_key(model: type[pydantic.BaseModel]) -> None:
    """Its docstring has a line for each field, and a sentence for the whole."""
    texts = attributes(model)
    fields = model.model_fields.items()
    assert [name for name, one in fields if name not in texts and one.alias not in texts] == []
    assert summary(model)
