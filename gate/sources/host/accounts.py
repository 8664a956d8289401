"""Users and groups as the host knows them, whoever keeps them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from gate.connection.frame import TIMED_OUT
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Model, Seen
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.script import Answers
from gate.sources.host.section import Section

NOT_ALL_FOUND = 2
"""Exit status of ``getent`` where a key is in no database."""
TOLD = {"passwd": "getent on users", "group": "getent on groups"}
"""What is said of a database: ``passwd: it`` would be told as a password."""
ROOT_ID = "0"
NUMBER = re.compile(r"\d{1,10}")


class UserFacts(Model):
    """A user.

    Attributes:
        uid: Number.
        group: Name of the first group, or its number where it has none.
        groups: Names of all groups, sorted.
        home: Folder.
        shell: What a login starts.
        locked: Whether no password leads in.
        others: Other names of the same number, sorted, of those that the host lists.
    """

    uid: int
    group: str
    groups: Fact[tuple[str, ...]]
    home: str
    shell: str
    locked: Fact[bool]
    others: Fact[tuple[str, ...]]


class GroupFacts(Model):
    """A group.

    Attributes:
        gid: Number.
        members: Users of whom it is not the first group, sorted.
    """

    gid: int
    members: tuple[str, ...]


def users_script(subjects: Sequence[str]) -> str:
    """One question for all of them; of a password its first letter is all that is printed."""
    names = shlex.join(subjects)
    return parts(
        {
            "users": f"limited getent passwd root {names}",
            "groups": f"each_groups {names}",
            "group": "limited getent group",
            "locks": f"locks root {names}",
            "numbers": f"numbers {names}",
        },
        functions=FUNCTIONS,
    )


FUNCTIONS = r"""
each_groups() {
  # One process for all of them, where it knows all: a line each, in their order.
  if told=$(limited id -Gn -- "$@" 2>/dev/null) &&
    [ "$(printf '%s\n' "$told" | grep -c .)" = $# ]; then
    printf '%s\n' "$told" | for user; do
      IFS= read -r groups; printf 'user %s\n' "$user"; printf '%s\n' $groups
    done
    return
  fi
  for user; do
    printf 'user %s\n' "$user"; limited id -Gn -- "$user" | tr ' ' '\n'
  done
}
numbers() {
  # Of all that are listed, which may be many, those of the same numbers.
  same=$(limited getent passwd root "$@" | cut -d: -f3 | tr '\n' '|')
  limited getent passwd | grep -E "^[^:]*:[^:]*:(${same%|}):" | cut -d: -f1,3
}
locks() { limited getent shadow "$@" | sed 's/^\([^:]*\):\(.\{0,1\}\)[^:]*:.*/\1:\2/'; }
"""


def read_users(
    section: Section, subjects: Sequence[str]
) -> Mapping[str, UserFacts | Absent | CannotTell]:
    """What is said of each user."""
    told = read_parts(section)
    users = _entries(told["users"], 7)
    names = {fields[2]: name for name, fields in _entries(told["group"], 4).items()}
    groups = _groups(told["groups"])
    locks = dict(line.split(":", 1) for line in told["locks"].text.splitlines() if ":" in line)
    numbers = [line.rpartition(":") for line in told["numbers"].text.splitlines()]
    found: dict[str, UserFacts | Absent | CannotTell] = {}
    for one in subjects:
        if one not in users:
            found[one] = _missing(one, users, told, "users", "passwd")
            continue
        fields = users[one]
        if not NUMBER.fullmatch(fields[2]) or not NUMBER.fullmatch(fields[3]):
            found[one] = CannotTell(f"getent passwd {one}: it has no number", Cause.UPSTREAM)
            continue
        found[one] = UserFacts(
            uid=int(fields[2]),
            group=names.get(fields[3], fields[3]),
            groups=groups.get(one) or cannot_tell(told["groups"], f"id {one}"),
            home=fields[5],
            shell=fields[6],
            locked=_locked(one, locks, told["locks"]),
            others=_others(one, fields[2], numbers, told["numbers"]),
        )
    return found


def _entries(section: Section, fields: int) -> dict[str, list[str]]:
    rows = (line.split(":") for line in section.text.splitlines())
    return {one[0]: one for one in rows if len(one) == fields}


def _groups(section: Section) -> dict[str, Fact[tuple[str, ...]]]:
    found: dict[str, Fact[tuple[str, ...]]] = {}
    for block in section.text.split("user ")[1:]:
        user, *groups = block.split()
        if groups:
            found[user] = Seen(tuple(sorted(groups)))
    return found


def _others(
    name: str, number: str, numbers: Sequence[tuple[str, str, str]], section: Section
) -> Fact[tuple[str, ...]]:
    """Who else is this user to the kernel; a list that does not even have root is none."""
    if section.rc != 0 or all(uid != ROOT_ID for _, _, uid in numbers):
        return cannot_tell(section, TOLD["passwd"])
    return Seen(tuple(sorted({one for one, _, uid in numbers if uid == number and one != name})))


def _locked(name: str, locks: Mapping[str, str], section: Section) -> Fact[bool]:
    if name in locks:
        return Seen(locks[name] in ("!", "*"))
    if "root" not in locks:
        why = section.why if section.err else "it shows no passwords to this user"
        return CannotTell(f"getent shadow: {why}", Cause.PERMISSION)
    return CannotTell(f"getent shadow has no {name}", Cause.UPSTREAM)


def _missing(
    name: str, found: Mapping[str, list[str]], told: Answers, part: str, database: str
) -> Absent | CannotTell:
    """Absent where the database says so, and finds what is always there."""
    section = told[part]
    root = found.get("root", [])
    if section.rc == NOT_ALL_FOUND and not section.err and root[2:3] == [ROOT_ID]:
        return Absent(f"{TOLD[database]}: there is no {name}")
    return cannot_tell(section, f"getent {database} {name}")


def groups_script(subjects: Sequence[str]) -> str:
    """One question for all of them."""
    return parts({"groups": f"limited getent group root {shlex.join(subjects)}"})


def read_groups(
    section: Section, subjects: Sequence[str]
) -> Mapping[str, GroupFacts | Absent | CannotTell]:
    """What is said of each group."""
    told = read_parts(section)
    groups = _entries(told["groups"], 4)
    found: dict[str, GroupFacts | Absent | CannotTell] = {}
    for one in subjects:
        if one not in groups:
            found[one] = _missing(one, groups, told, "groups", "group")
        elif not NUMBER.fullmatch(groups[one][2]):
            found[one] = CannotTell(f"getent group {one}: it has no number", Cause.UPSTREAM)
        else:
            members = tuple(sorted(filter(None, groups[one][3].split(","))))
            found[one] = GroupFacts(gid=int(groups[one][2]), members=members)
    return found


USERS = Probe[str, UserFacts](
    name="gate.users", model=UserFacts, script=users_script, read=read_users
)
GROUPS = Probe[str, GroupFacts](
    name="gate.groups", model=GroupFacts, script=groups_script, read=read_groups, light=True
)


def called(base: str, ids: Sequence[str], section: Section) -> Fact[tuple[str, ...]]:
    """The names of users or of groups by their numbers, as ``getent`` told them.

    Where it is proven that a number is nobody's, it stands for itself.

    Args:
        base: ``passwd`` or ``group``.
        ids: The numbers.
        section: What each ``getent`` printed, ended by a line ``. passwd 0 0 995``: the base, the
            exit status, and the numbers that were asked for; root's is one of them.
    """
    names: dict[str, str] = {}
    for line in section.text.splitlines():
        fields = line.split(":")
        if line.startswith(f". {base} "):
            rc, *asked = line.split()[2:]
            break
        if line.startswith(". "):
            names = {}  # those of the database before
        elif len(fields) > 2:  # noqa: PLR2004 - name, password, number
            names[fields[2]] = fields[0]
    else:
        return cannot_tell(section, TOLD[base])
    if rc not in (str(0), str(NOT_ALL_FOUND)) or ROOT_ID not in names:
        late = rc in map(str, TIMED_OUT)
        why = "it did not end in time" if late else "it tells of nobody, not even of root"
        return CannotTell(f"{TOLD[base]}: {why}", Cause.TIMEOUT if late else Cause.UPSTREAM)
    missing = [one for one in ids if one not in names and one not in asked]
    if missing:
        return CannotTell(f"{TOLD[base]}: nobody asked for {missing[0]}", Cause.UPSTREAM)
    return Seen(tuple(dict.fromkeys(names.get(one, one) for one in ids)))
