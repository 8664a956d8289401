"""What an injector is: the keys of a fault's ``inject``, made into three shell scripts.

Scripts and nothing else, so that what undoes a fault can be written down before it is done: a
drill that was killed is taken back by the next one, from its journal.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
import shlex
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any

from gate.drill import injectors
from gate.errors import ContractError
from gate.target import Target
from gate.toml import Strict

GROUP = "gate.injectors"
"""Entry points of this group name an `Injector` in a package from outside."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scripts:
    """POSIX shell, run as root on the host, or as whoever runs a sandbox.

    Besides ``$PREFIX`` (put before every path) and the target's PATH there are ``$KEPT``, a folder
    of the fault's own that lasts until it is undone, and ``gate_sql``, which takes SQL on its
    standard input and answers values without any decoration.

    Attributes:
        do: Does it.
        ready: Ends with 0 once the effect is there, and only then; asked again and again.
        undo: Takes it back, also where it was done in part or not at all.
    """

    do: str
    ready: str
    undo: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Injector:
    """One way to do harm.

    Attributes:
        name: The key in ``inject``.
        model: What can be said of it.
        scripts: Makes the scripts of it for a target.
    """

    name: str
    model: type[Strict]
    scripts: Callable[[Any, Target], Scripts]


@functools.cache
def known_injectors() -> Mapping[str, Injector]:
    """Every injector by its name.

    Raises:
        ContractError: Two have one name, or what is named from outside is none.
    """
    found: dict[str, Injector] = {}
    for one in (*_own(), *_from_outside()):
        if one.name in found:
            raise ContractError(f"two injectors are called {one.name!r}")
        found[one.name] = one
    return dict(sorted(found.items()))


def placed(path: str) -> str:
    """A path of the contract as a word of a shell script."""
    return f'"$PREFIX"{shlex.quote(path)}'


def kept(path: str, name: str = "old") -> str:
    """Script that keeps a copy of a path, a word of the shell: under its name it is whole.

    A copy that is cut short has another name, and is no reason to put it back.
    """
    return f'cp -a -- {path} "$KEPT/part"; mv -T -- "$KEPT/part" "$KEPT/{name}"'


def taken(path: str, name: str = "old") -> str:
    """Script that takes a path away and keeps it; under its name it is whole, or not there at all.

    It stays the same file (a socket that is listened at, a log that is written) where it can: by a
    link, or by a name that is only changed. What ``mv`` does between two file systems is no such
    thing: cut short, it leaves a part in one place or in both.
    """
    there = f'"$KEPT/{name}"'
    renamed = "perl -e 'exit !rename $ARGV[0], $ARGV[1]' --"
    return (
        f"if [ ! -L {path} ] && mountpoint -q -- {path} 2>/dev/null; then "
        f'echo "a mount point cannot be taken away:" {path} >&2; exit 1; fi; '
        f"if {{ ln -P -T -- {path} {there} || mv --no-copy -T -- {path} {there} "
        f"|| {renamed} {path} {there}; }} 2>/dev/null; then :; else {kept(path, name)}; fi; "
        f"rm -rf -- {path}"
    )


def together(many: Iterable[Scripts]) -> Scripts:
    """Several at once: done in their order, undone in the opposite one; each keeps its own."""
    parts = list(many)
    if len(parts) > 1:
        parts = [_apart(one, number) for number, one in enumerate(parts)]
    return Scripts(
        do="\n".join(one.do for one in parts),
        ready="\n".join(f"( {one.ready}\n) || exit 1" for one in parts),
        undo="\n".join(f"( {one.undo}\n) || failed=1" for one in reversed(parts))
        + '\n[ -z "$failed" ]',
    )


def _apart(one: Scripts, number: int) -> Scripts:
    """The same with a folder of its own in the fault's."""
    kept = f'KEPT="$KEPT/{number}"; export KEPT'
    make = f'{kept}; mkdir -p "$KEPT"; chmod 711 "$KEPT"'
    return Scripts(
        do=f"( {make}\n{one.do}\n)",
        ready=f"{kept}\n{one.ready}",
        undo=f"{kept}\n{one.undo}",
    )


def _own() -> Iterable[Injector]:
    for module in pkgutil.iter_modules(injectors.__path__):
        found = importlib.import_module(f"{injectors.__name__}.{module.name}")
        yield found.INJECTOR


def _from_outside() -> Iterable[Injector]:
    for point in entry_points(group=GROUP):
        one = point.load()
        if not isinstance(one, Injector):
            raise ContractError(
                f"the entry point {point.name!r} of the group {GROUP} names {point.value}, "
                f"which is no gate.drill.injection.Injector"
            )
        yield one
