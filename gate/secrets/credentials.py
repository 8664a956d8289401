"""Which values are secret: found in the environment and in libpq's files, never written down."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterable, Mapping

from gate.secrets.forms import is_word
from gate.target import SECRET_KEY, Target

NAMED = re.compile(r"""\b(\w+_env)["']?[ \t]*=[ \t]*(?:"([A-Za-z_]\w*)"|'([A-Za-z_]\w*)')""")
"""How a target's file names the variable of a credential."""
LOGIN = "user_env"
"""The key of a variable that says who logs in: an ordinary word of it (`worker`) is no secret."""
PASSWORD_FIELD = 4
"""Of a passfile's line: ``host:port:database:user:password``."""


def credentials(
    target: Target | None,
    environ: Mapping[str, str],
    libpq_files: Iterable[str] = (),
    variables: Iterable[str] = (),
    logins: Iterable[str] = (),
) -> tuple[str, ...]:
    """Every secret that a run may come across, without duplicates.

    Args:
        target: Its API and Redis name environment variables; ``None`` while none is known.
        environ: The environment. Variables whose name ends like a secret's count too, where their
            value is no ordinary word.
        libpq_files: Texts of the passfile and of the service file, where there are any.
        variables: Further variables that hold one, whatever they are called.
        logins: Further variables that say who logs in: their ordinary words are names that a host,
            its units and its folders bear, too.
    """
    of_api = target.api.variables if target else []
    of_redis = target.redis.variables if target and target.redis else []
    keys = {(key, variable) for _, key, variable in [*of_api, *of_redis]}
    of_keys = {variable for key, variable in keys if key != LOGIN}
    named = {"PGPASSWORD", *of_keys, *_of_key(target), *variables}
    users = {*(variable for key, variable in keys if key == LOGIN), *logins}
    found = [environ[name] for name in sorted(named) if environ.get(name)]
    found += [
        value
        for name, value in sorted(environ.items())
        if name not in named
        and (name in users or SECRET_KEY.search(name))
        and value
        and not is_word(value)
    ]
    for text in libpq_files:
        found += _passwords(text)
    return tuple(dict.fromkeys(found))


def of_run(
    target: Target | None, environ: Mapping[str, str], files: Iterable[pathlib.Path] = ()
) -> tuple[str, ...]:
    """Every secret that a run may come across, with libpq's files read where they usually are.

    Args:
        target: As `credentials` takes it.
        environ: As `credentials` takes it.
        files: Targets' files that are not read yet, or cannot be: the variables that they name hold
            credentials already.
    """
    told = [pair for file in files for pair in _named_in(_text(file))]
    variables = {one for key, one in told if key != LOGIN}
    logins = {one for key, one in told if key == LOGIN}
    home = pathlib.Path.home()
    libpq = (
        environ.get("PGPASSFILE") or home / ".pgpass",
        environ.get("PGSERVICEFILE") or home / ".pg_service.conf",
    )
    texts = [text for file in libpq if (text := _text(pathlib.Path(file)))]
    return credentials(target, environ, texts, variables, logins)


def named_in(text: str) -> list[str]:
    """The variables of credentials that a target's file names, whether or not it is a valid one."""
    return [variable for _, variable in _named_in(text)]


def _named_in(text: str) -> list[tuple[str, str]]:
    """The same with the keys that they stand behind."""
    return [(one[1], one[2] or one[3]) for one in NAMED.finditer(text)]


def _of_key(target: Target | None) -> list[str]:
    """The variables with the key that signs, and with its passphrase."""
    named = target.evidence if target else None
    return [one for one in (named.key_env, named.passphrase_env) if one] if named else []


def _text(file: pathlib.Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except (OSError, ValueError):
        return ""  # nobody else reads it either


def _passwords(text: str) -> list[str]:
    """The passwords of a passfile (``host:port:database:user:password``) or of a service file."""
    passwords = []
    for line in text.splitlines():
        if line.lstrip().startswith(("#", "[")) or not line.strip():
            continue
        setting = re.match(r"\s*password\s*=\s*(.*?)\s*$", line)
        if setting:
            passwords.append(setting.group(1))
            continue
        fields = re.split(r"(?<!\\):", line, maxsplit=PASSWORD_FIELD)
        if len(fields) > PASSWORD_FIELD:
            passwords.append(re.sub(r"\\(.)", r"\1", fields[PASSWORD_FIELD]))
    return [one for one in passwords if one]
