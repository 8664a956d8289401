"""Which values are secret: found in the environment and in libpq's files, never written down."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterable, Mapping

from gate.secrets.forms import is_word
from gate.target import SECRET_KEY, Target

PASSWORD_FIELD = 4
"""Of a passfile's line: ``host:port:database:user:password``."""


def credentials(
    target: Target | None, environ: Mapping[str, str], libpq_files: Iterable[str] = ()
) -> tuple[str, ...]:
    """Every secret that a run may come across, without duplicates.

    Args:
        target: Its roles name environment variables; ``None`` while none is known.
        environ: The environment. Variables whose name ends like a secret's count too, where their
            value is no ordinary word.
        libpq_files: Texts of the passfile and of the service file, where there are any.
    """
    named = {
        variable
        for role in (target.api.roles.values() if target else ())
        for variable in (role.user_env, role.password_env)
    } | {"PGPASSWORD"}
    found = [environ[name] for name in sorted(named) if environ.get(name)]
    found += [
        value
        for name, value in sorted(environ.items())
        if name not in named and SECRET_KEY.search(name) and value and not is_word(value)
    ]
    for text in libpq_files:
        found += _passwords(text)
    return tuple(dict.fromkeys(found))


def of_run(target: Target | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every secret that a run may come across, with libpq's files read where they usually are."""
    home = pathlib.Path.home()
    files = (
        environ.get("PGPASSFILE") or home / ".pgpass",
        environ.get("PGSERVICEFILE") or home / ".pg_service.conf",
    )
    texts = [text for file in files if (text := _text(pathlib.Path(file)))]
    return credentials(target, environ, texts)


def _text(file: pathlib.Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""  # libpq reads none either


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
