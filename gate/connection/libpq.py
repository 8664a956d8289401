"""libpq's own files: what a service says, and which password its passfile has for it.

libpq looks a password up by the address that it connects to. Through a forward that is a socket of
ours, so the password is looked up here by the address that the files name.
"""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Mapping

LOOPBACK, PORT = "127.0.0.1", "5432"
SOCKET = ".s.PGSQL."
"""What libpq calls a unix socket in a host's folder, before the port."""


def service(name: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the settings of a service, host and port always among them.

    Raises:
        LookupError: No file has it; the text names the files.
    """
    named = environ.get("PGSERVICEFILE")
    folder = environ.get("PGSYSCONFDIR")
    own = pathlib.Path(named) if named else pathlib.Path.home() / ".pg_service.conf"
    files = [own, *([pathlib.Path(folder) / "pg_service.conf"] if folder else [])]
    for file in files:
        title = None
        pairs: dict[str, str] = {}
        for line in map(str.strip, _text(file).splitlines()):
            if line.startswith("[") and line.endswith("]"):
                if title == name:
                    break
                title = line[1:-1]
            elif title == name and not line.startswith("#"):
                key, equals, value = line.partition("=")
                pairs |= {key.strip(): value.strip()} if equals else {}
        if title == name:
            return {"host": LOOPBACK, "port": PORT, **pairs}
    raise LookupError(f"definition of service {name!r} not found in {' or '.join(map(str, files))}")


def leads_to(settings: Mapping[str, str]) -> str:
    """Return where a service is, as ssh forwards to it."""
    host = settings.get("hostaddr") or settings["host"]
    if host.startswith("/"):
        return f"{host}/{SOCKET}{settings['port']}"
    return f"[{host}]:{settings['port']}" if ":" in host else f"{host}:{settings['port']}"


def password(settings: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the password for a service; ``None`` where libpq finds it itself, or has none."""
    if "password" in settings or environ.get("PGPASSWORD"):
        return None
    named = settings.get("passfile") or environ.get("PGPASSFILE")
    file = pathlib.Path(named) if named else pathlib.Path.home() / ".pgpass"
    user = settings.get("user") or environ.get("PGUSER") or environ.get("USER", "")
    base = settings.get("dbname") or environ.get("PGDATABASE") or user
    wanted = (settings["host"], settings["port"], base, user)
    for line in _text(file).splitlines():
        # The password is the rest of its line: libpq takes colons in it as they are.
        parts = re.split(r"(?<!\\):", line, maxsplit=len(wanted))
        fields = [re.sub(r"\\(.)", r"\1", one) for one in parts]
        if line.startswith("#") or len(fields) <= len(wanted):
            continue
        if all(field in ("*", want) for field, want in zip(fields, wanted, strict=False)):
            return fields[len(wanted)]
    return None


def _text(file: pathlib.Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
