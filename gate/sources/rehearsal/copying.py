"""Fill a clone on the host by a dump of the live database, or from a backup: no row travels."""

from __future__ import annotations

import shlex

import psycopg

from gate.sources.rehearsal import faithful, programs, tether
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.place import Host
from gate.sources.rehearsal.reach import Way

COPY_S, COPY_PER_S = 600.0, 5_000_000
"""How long copying may take in seconds, and how many bytes more take a second more."""
LOCK_WAIT_S = 5
"""How long the dump waits for a lock before it gives up; a migration under way is not disturbed."""
STATISTICS = 18
"""The first major version whose dumps carry statistics."""
ALONE = ("--no-subscriptions", "--exit-on-error")
"""A clone that subscribed would take what is sent to the live database."""
FULL = "-- PostgreSQL database dump complete"
# Outside of rows: what leads to another database, or concerns the whole server, is not run at all.
STRANGE = """\
/^COPY .* FROM stdin;$/ { rows = 1; next }
/^\\\\\\.$/ { rows = 0; next }
rows { next }
/^\\\\(restrict|unrestrict) / { next }
/^[ \\t]*\\\\/ || toupper($0) ~ /^[ \\t]*(CREATE|DROP|ALTER) (DATABASE|ROLE|USER|TABLESPACE) / {
  print; exit 1
}
"""
PLAIN = """\
/^COPY .* FROM stdin;$/ { rows = 1 }
/^\\\\\\.$/ { rows = 0 }
rows { print; next }
/^\\\\(restrict|unrestrict) / { next }
/^(CREATE|ALTER) SUBSCRIPTION / { next }
"""
OWNERS = """\
/^ALTER .* OWNER TO .*;$/ || /^(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) .*;$/ { next }
"""
COMMENTS = "/^COMMENT ON EXTENSION / { next }\n"
BACKUP = """\
file={file}
[ -r "$file" ] || {{ echo "$file: cannot be read" >&2; exit 3; }}
tar=; [ -d "$file" ] || [ "$(head -c 262 "$file" | tail -c 5)" != ustar ] || tar=1
# pg_restore may read on for ever behind the end of a cut off one.
if [ "$tar" ] && [ "$(tail -c 1024 "$file" | tr -d '\\0' | wc -c)" != 0 ]; then
  echo "$file: cut off before its end" >&2; exit 3
fi
if [ -d "$file" ] || [ "$(head -c 5 "$file")" = PGDMP ] || [ "$tar" ]; then
  PGPASSWORD="$into" {restore} "$file" || exit 3
else
  open=cat; [ "$(od -An -tx1 -N2 "$file" | tr -d ' ')" != 1f8b ] || open='gzip -dc'
  strange=$($open "$file" | awk {strange}) || {{
    strange=$(printf %s "$strange" | head -c 200)
    echo "$file: not run: its line leads out of the clone: $strange" >&2; exit 3
  }}
  $open "$file" | tail -n 20 | grep -q -e {full} || {{
    echo "$file: neither an archive of pg_dump nor its plain SQL, or cut off before its end" >&2
    exit 3
  }}
  {{ ! psql --help=commands 2>/dev/null | grep -q '\\\\restrict' ||
      printf '%s\\n' '\\restrict {token}'
    $open "$file" | awk {plain}; }} |
    PGPASSWORD="$into" {psql} >/dev/null || exit 3
fi
"""


def deadline(at: Host, live: Way) -> float:
    """How long copying may take, in seconds: by the size of the live database, and in all."""
    with live.connect() as session:
        size = session.execute("SELECT pg_database_size(current_database())").fetchone() or [0]
    return float(min(COPY_S + size[0] / COPY_PER_S, at.source.deadline_s))


def fill(at: Host, clone: Clone) -> None:
    """Fill an empty database from the source.

    Raises:
        ObservationError: It cannot be read or written, or not in time, with the reason.
    """
    run(at, clone, "\n".join(_backup(at, clone) if at.source.backup else _dump(at, clone)))


def run(at: Host, clone: Clone, script: str) -> None:
    """Run a script that copies, with the programs and the passwords that it needs.

    Raises:
        ObservationError: It failed, or was not done in time, with the reason.
    """
    lines = [
        programs.found(at.target, clone.major),
        f"into={shlex.quote(clone.way.there.get('password', ''))}",
        f"from={shlex.quote(original(clone).get('password', ''))}",
        script,
    ]
    work = tether.Work(
        what="cloning:",
        begin="\n".join(lines),
        base=at.target.placed(at.source.folder),
        begin_s=deadline(at, clone.live),
    )
    tether.done(work, at.target, at.carrier, at.left, at.sessions.check)


def original(clone: Clone) -> dict[str, str]:
    """How the live database is dumped: on its own server as the rehearsal's role."""
    if clone.beside_live:
        return {**clone.way.there, "dbname": clone.live.there["dbname"]}
    return clone.live.there


def keeping(clone: Clone) -> list[str]:
    """What a restore leaves out: owners and grants, unless every role is there and we may."""
    keep = [] if whole(clone) else ["--no-owner", "--no-acl"]
    with clone.live.connect() as live, clone.connect() as here:
        room = [] if not faithful.missing_tablespaces(live, here) else ["--no-tablespaces"]
    # Comments on extensions are a superuser's.
    return [*keep, *room, *([] if clone.superuser else ["--no-comments"]), *ALONE]


def whole(clone: Clone) -> bool:
    """Whether owners and grants are carried."""
    with clone.live.connect() as live, clone.connect() as here:
        return clone.superuser and not faithful.missing_roles(live, here)


def carries_statistics(clone: Clone, at: Host) -> bool:
    """Whether a dump of the live database carries its statistics, and the clone takes them."""
    if at.source.kind != "dump":
        return False
    with clone.live.connect() as live:
        return min(live.info.server_version // 10000, clone.major) >= STATISTICS


def _dump(at: Host, clone: Clone) -> list[str]:
    more = ["--statistics"] if carries_statistics(clone, at) else []
    live = ["-d", conninfo(original(clone))]
    dump = ["pg_dump", *more, f"--lock-wait-timeout={LOCK_WAIT_S}s", *live]
    restore = ["pg_restore", *more, *keeping(clone), "-d", conninfo(clone.way.there)]
    if at.source.jobs == 1:
        return [piped([*dump, "-Fc", "-Z0"], restore)]
    jobs = f"--jobs={at.source.jobs}"
    return [
        f'PGPASSWORD="$from" {shlex.join([*dump, "-Fd", "-Z1", jobs])} -f "$box/dump" || exit 4',
        f'PGPASSWORD="$into" {shlex.join([*restore, jobs])} "$box/dump" || exit 3',
    ]


def piped(dump: list[str], restore: list[str]) -> str:
    """Shell lines by which what is dumped is restored at once."""
    return "\n".join(
        [
            f'{{ PGPASSWORD="$from" {shlex.join(dump)} || : >"$box/failed"; }} |',
            f'PGPASSWORD="$into" {shlex.join(restore)} || exit 3',
            '[ ! -e "$box/failed" ] || exit 4',
        ]
    )


def _backup(at: Host, clone: Clone) -> list[str]:
    jobs = [f"--jobs={at.source.jobs}"] if at.source.jobs > 1 else []
    into = conninfo(clone.way.there)
    plain = PLAIN + ("" if whole(clone) else OWNERS) + ("" if clone.superuser else COMMENTS)
    return [
        BACKUP.format(
            file=shlex.quote(at.target.placed(at.source.backup)),
            restore=shlex.join(["pg_restore", *keeping(clone), *jobs, "-d", into]),
            strange=shlex.quote(STRANGE),
            full=shlex.quote(FULL),
            token=clone.name.replace("_", ""),
            plain=shlex.quote(plain + "{ print }\n"),
            psql=shlex.join(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", into]),
        )
    ]


def conninfo(parameters: dict[str, str]) -> str:
    """Without the password: command lines can be read by everybody."""
    shown = {key: value for key, value in parameters.items() if "password" not in key}
    return psycopg.conninfo.make_conninfo(**shown)
