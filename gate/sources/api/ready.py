"""What a look at the API needs of target and environment, checked before anything is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gate.sources.api.line import no_base
from gate.sources.api.questions import AskEndpoint
from gate.sources.api.trust import unusable
from gate.target import Target


def mistakes(target: Target, asked: Iterable[AskEndpoint], environ: Mapping[str, str]) -> list[str]:
    """Return one sentence for each mistake that the asked requests would stumble over.

    Args:
        target: Names bases, roles, files and variables.
        asked: The requests.
        environ: Where the variables are; those of a target that is still to be started are not
            looked for.
    """
    requests = [(one.id, one.endpoint) for one in asked]
    wrong: dict[str, None] = {}
    for id_, one in requests:
        if not _is_there(target, one.base):
            wrong[f"[{id_}] base: {no_base(target, one.base)}"] = None
    if not target.embedded:
        names = sorted({one.base for _, one in requests if _is_there(target, one.base)})
        roles = {one.role for _, one in requests} | {one.as_role for _, one in requests}
        for text in (*_of_bases(target, names, environ), *_of_roles(target, roles, environ)):
            wrong[text] = None
        key = target.api.token_key_env
        if key is not None and not environ.get(key) and any(one.token for _, one in requests):
            wrong[_unset(target, "api", "token_key_env", key)] = None
    return list(wrong)


def _is_there(target: Target, name: str) -> bool:
    return name in target.api.bases if name else bool(target.api.base)


def _of_bases(target: Target, names: Iterable[str], environ: Mapping[str, str]) -> Iterator[str]:
    found = ((f"api.bases.{name}" if name else "api", target.api.at(name)) for name in names)
    wrong = ((table, unusable(base, target.file, environ)) for table, base in found)
    yield from (f"{target.file}: [{table}] {text}" for table, text in wrong if text)


def _of_roles(
    target: Target, names: Iterable[str | None], environ: Mapping[str, str]
) -> Iterator[str]:
    for name in sorted({one for one in names if one is not None} & target.api.roles.keys()):
        for key, variable in target.api.roles[name].variables.items():
            if variable not in environ:
                yield _unset(target, f"api.roles.{name}", key, variable)


def _unset(target: Target, table: str, key: str, variable: str) -> str:
    return f"{target.file}: [{table}] {key}: the environment variable {variable} is not set"
