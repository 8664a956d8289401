"""The second opinion on a step: what ``pg_dump --schema-only`` sees and the catalog does not."""

from __future__ import annotations

import shlex
import zlib

from gate.catalog.dumped import Entries, differences, entries
from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError
from gate.contract.rehearsal import Alembic
from gate.secrets import known
from gate.sources.rehearsal import programs
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.copying import conninfo
from gate.target import Target

DUMP_S = 120.0
"""How long one dump may take, in seconds."""
LARGEST = 64 * 1024 * 1024
"""Bytes of a dump that are read."""
COMPLETE = "-- PostgreSQL database dump complete"
SAYS = "pg_dump shows a difference that the catalog does not"


def ask(how: Alembic, target: Target, carrier: Carrier, clone: Clone) -> Entries | str:
    """Have ``pg_dump`` of the server's version say what the clone holds.

    Returns:
        Its entries; or why there are none.
    """
    if not how.second_opinion:
        return "second_opinion = false"
    words = ["pg_dump", "--schema-only", "-d", conninfo(clone.way.there)]
    script = "\n".join(
        [
            programs.found(target, clone.major),
            f"PGPASSWORD={shlex.quote(clone.way.there.get('password', ''))}; export PGPASSWORD",
            "command -v gzip >/dev/null || gzip() { cat; }",
            f"{shlex.join(words)} | gzip -1",
        ]
    )
    try:
        output = carrier.run(script, deadline_s=DUMP_S)
    except CarrierError as error:
        clone.way.sessions.check()
        return str(error)
    text = _text(output.stdout)
    if text is None:
        return f"it is larger than {LARGEST // 2**20} MiB"
    if COMPLETE not in text[-1000:]:
        said = output.stderr.decode("utf-8", "replace") or text
        return known.last(said.strip(), 200) or "pg_dump did not end"
    return entries(text)


def _text(answer: bytes) -> str | None:
    if answer[:2] == b"\x1f\x8b":
        reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
        answer = reader.decompress(answer, LARGEST + 1)
    return None if len(answer) > LARGEST else answer.decode("utf-8", "replace")


def opinion(was: Entries | str, now: Entries | str, versions: str) -> tuple[str, ...]:
    """One sentence per difference; the version table that Alembic makes when it first runs is none.

    Args:
        was: What there was, or why that is not known: then there is no opinion.
        now: What there is, in the same way.
        versions: The version table, as the contract names it.
    """
    if isinstance(was, str) or isinstance(now, str):
        return ()
    own = versions if "." in versions else f"public.{versions}"
    if f"TABLE {own}" not in was:
        now = {key: lines for key, lines in now.items() if own not in f"{key} {' '.join(lines)}"}
    return tuple(f"{SAYS}: {one}" for one in differences(was, now))
