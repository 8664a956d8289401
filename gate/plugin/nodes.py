"""Node ids: which promise and moment a test of pytest's accounts for.

Two forms: a parametrized test ``tests/test_services.py::test_service[predeploy-service.redis]``,
and an item of a contract's file, ``contract/services.toml::service.redis`` where one moment was
named with ``-m``, with ``[predeploy]`` behind it where several are run.
"""

from __future__ import annotations

import functools
import re

from gate.contract.item import Moment
from gate.contract.model import MOMENTS

SEPARATOR = "-"
"""Between moment and item in a parameter: ``predeploy-service.redis``."""
ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
"""How pytest writes what is not ASCII into an id."""
PARAMETER = re.compile(rf"(?:\A|-)({'|'.join(MOMENTS)}){SEPARATOR}(.*\..*)\Z", re.DOTALL)
"""A test's own parameters stand before the gate's."""

_only: list[Moment] = []


def begin(moments: tuple[Moment, ...]) -> None:
    """Say which moments this process is about, before any node is named."""
    _only[:] = moments if len(moments) == 1 else ()
    expected_in.cache_clear()


def moments_of(markexpr: str) -> tuple[Moment, ...]:
    """The moments that ``-m`` leaves any test of, as far as that is plain to see."""
    named = tuple(moment for moment in MOMENTS if moment == markexpr.strip())
    return named or MOMENTS


def parameter(moment: Moment, id_: str) -> str:
    """The parameter of a test that accounts for an item; Allure's history hangs on it."""
    return f"{moment}{SEPARATOR}{id_}"


def item_name(moment: Moment, id_: str) -> str:
    """The name of an item of a contract's file."""
    return id_ if _only else f"{id_}[{moment}]"


@functools.cache
def expected_in(nodeid: str) -> tuple[Moment, str] | None:
    """Read moment and item id off a node id; ``None`` for a test of something else."""
    file, _, name = nodeid.rpartition("::")
    if file.endswith(".toml"):
        if _only:
            return _only[0], name
        id_, _, word = name.removesuffix("]").rpartition("[")
        return _known(word, id_)
    _, bracket, param = nodeid.partition("[")
    found = PARAMETER.search(param.removesuffix("]")) if bracket else None
    return _known(found[1], ESCAPE.sub(_character, found[2])) if found else None


def _known(word: str, id_: str) -> tuple[Moment, str] | None:
    return next(((moment, id_) for moment in MOMENTS if moment == word), None)


def _character(match: re.Match[str]) -> str:
    return chr(int(f"0x{match[0][2:]}", 0))
