"""What a look at the API needs of target and environment, checked before anything is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from gate.sources.api.line import no_base
from gate.sources.api.questions import AskEndpoint
from gate.sources.api.trust import unusable
from gate.target import Target


@dataclasses.dataclass(frozen=True)
class Mistake:
    """Something that asked requests would stumble over.

    Attributes:
        table: Where it stands: a table of the target's file, or an item's id.
        key: Its key there.
        text: What is wrong.
        is_item: Whether the table is an item's.
    """

    table: str
    key: str
    text: str
    is_item: bool = False


def mistakes(
    target: Target,
    asked: Iterable[AskEndpoint],
    environ: Mapping[str, str],
    *,
    looks_for_variables: bool = True,
) -> list[Mistake]:
    """Return what the asked requests would stumble over.

    Args:
        target: Names bases, roles, files and variables.
        asked: The requests.
        environ: Where the variables are; those of a target that is still to be started are not
            looked for.
        looks_for_variables: Whether a variable must be set.
    """
    requests = [(one.id, one.endpoint) for one in asked]
    wrong = [
        Mistake(id_, "base", no_base(target, one.base), is_item=True)
        for id_, one in requests
        if not _is_there(target, one.base)
    ]
    names = sorted({one.base for _, one in requests if _is_there(target, one.base)})
    if not looks_for_variables or target.embedded:
        names = [name for name in names if not target.api.at(name).own_variables]
        return list(dict.fromkeys([*wrong, *_of_bases(target, names, environ)]))
    roles = {role for _, one in requests for role in (one.role, one.as_role) if role is not None}
    wrong += [*_of_bases(target, names, environ), *_of_roles(target, roles, environ)]
    key = target.api.token_key_env
    if key is not None and not environ.get(key) and any(one.token for _, one in requests):
        wrong.append(Mistake("api", "token_key_env", _unset(key)))
    return list(dict.fromkeys(wrong))


def _is_there(target: Target, name: str) -> bool:
    return name in target.api.bases if name else bool(target.api.base)


def _of_bases(
    target: Target, names: Iterable[str], environ: Mapping[str, str]
) -> Iterator[Mistake]:
    for name in names:
        found = unusable(target.api.at(name), target.file, environ)
        if found is not None:
            yield Mistake(f"api.bases.{name}" if name else "api", found.key, str(found))


def _of_roles(
    target: Target, names: Iterable[str], environ: Mapping[str, str]
) -> Iterator[Mistake]:
    for name in sorted({*names} & target.api.roles.keys()):
        for key, variable in target.api.roles[name].variables.items():
            if variable not in environ:
                yield Mistake(f"api.roles.{name}", key, _unset(variable))


def _unset(variable: str) -> str:
    return f"the environment variable {variable} is not set"
