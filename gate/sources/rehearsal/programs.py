"""The server's own programs on the host: ``pg_dump`` and ``pg_restore`` of its version."""

from __future__ import annotations

import shlex

from gate.target import Target

OLDER = "pg_dump is older than the server"
"""Beginning of what is said where no program fits."""
# The very version is best, wherever it is; a newer one is well; an older one refuses.
FIND = """\
best=; older=; PATH={own}:"$PATH"
IFS=:
for folder in $PATH {places}; do
  [ -x "$folder/pg_dump" ] && [ -x "$folder/pg_restore" ] || continue
  version=$("$folder/pg_dump" --version 2>/dev/null |
            sed -n 's/^pg_dump (PostgreSQL) \\([0-9][0-9]*\\).*/\\1/p')
  if [ "${{version:-0}}" = {major} ]; then best=$folder; break
  elif [ "${{version:-0}}" -gt {major} ]; then best=${{best:-$folder}}
  elif [ -n "$version" ]; then older="$older $version in $folder"
  fi
done
unset IFS
[ -n "$best" ] || {{
  echo "{older} ({major}):${{older:- there is none on the host}}; name the folder of one in path"
  exit 126
}}
PATH="$best:$PATH"; export PATH
"""
PLACES = (
    *("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin"),
    "/usr/local/pgsql/bin",
)
NEWEST = 24
"""The last major version whose usual folders are looked into."""


def found(target: Target, major: int) -> str:
    """Lines of a shell script that put the programs of a server's version before all others.

    They look into the target's ``path``, into PATH, and where packages put them; where there is
    none that is as new as the server, the script ends with 126 and says what it found.

    Args:
        target: Names further folders, and the prefix of a sandbox.
        major: Major version of the server.
    """
    folders = [place.format(version) for place in PLACES for version in range(major, NEWEST + 1)]
    places = " ".join(shlex.quote(f"{target.prefix}{one}") for one in dict.fromkeys(folders))
    own = ":".join(target.path) or "."
    return FIND.format(own=f'"{own}"' if target.path else '""', places=places, major=major,
                       older=OLDER)  # fmt: skip
