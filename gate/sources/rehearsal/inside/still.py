"""Files of which nothing comes but their own names, whenever and however often they are read.

A revision's file that computes something as it is read may compute something else for the next
step, or change what others see. What is told apart here are those that certainly do not.
"""

from __future__ import annotations

import ast
from typing import Any

MAKES = "sqlalchemy"
"""The package whose calls make tables and types, and do nothing else."""
PARTS_OF_VALUES = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Starred, ast.keyword),
    *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.JoinedStr, ast.FormattedValue, ast.expr_context),
    *(ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Call),
)


def still(text: bytes) -> bool:
    """Whether a file only imports, names plain values, and defines functions."""
    known: dict[str, bool] = {}
    return all(_quiet(one, known) for one in ast.parse(text).body)


def _quiet(one: Any, known: dict[str, bool]) -> bool:
    """Whether a statement does nothing but name something; ``known`` is told what it is of.

    Args:
        one: The statement.
        known: Names so far, and whether each is of SQLAlchemy or of this file alone.
    """
    if isinstance(one, (ast.Import, ast.ImportFrom)):
        return _imported(one, known)
    if isinstance(one, ast.Expr):
        return isinstance(one.value, ast.Constant)
    if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
        known[one.name] = False
        told = [*one.args.defaults, *(two for two in one.args.kw_defaults if two is not None)]
        return not one.decorator_list and all(_plain(two, known) for two in told)
    if isinstance(one, (ast.Assign, ast.AnnAssign)):
        names = one.targets if isinstance(one, ast.Assign) else [one.target]
        if not all(isinstance(two, ast.Name) for two in names):
            return False
        own = one.value is None or _plain(one.value, known)
        own_alone = one.value is None or all(
            known.get(two.id, False) for two in ast.walk(one.value) if isinstance(two, ast.Name)
        )
        known.update({two.id: own_alone for two in names if isinstance(two, ast.Name)})
        return own
    return isinstance(one, ast.Pass)


def _imported(one: Any, known: dict[str, bool]) -> bool:
    whole = one.module or "" if isinstance(one, ast.ImportFrom) else ""
    for two in one.names:
        if two.name == "*":
            return False
        root = (whole or two.name).partition(".")[0]
        known[two.asname or two.name.partition(".")[0]] = root == MAKES
    return True


def _plain(value: Any, known: dict[str, bool]) -> bool:
    """Whether a value is written down, or made by SQLAlchemy out of such values."""
    parts = list(ast.walk(value))
    if not all(isinstance(one, PARTS_OF_VALUES) for one in parts):
        return False
    if not any(isinstance(one, ast.Call) for one in parts):
        return True
    names = [one.id for one in parts if isinstance(one, ast.Name)]
    called = [one.func for one in parts if isinstance(one, ast.Call)]
    return all(known.get(one, False) for one in names) and all(
        isinstance(one, (ast.Name, ast.Attribute)) for one in called
    )
