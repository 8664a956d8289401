"""What a clone is no place for: it is not done, and nothing is known of the step that asks for it.

A clone has another name than the live database, and may be on its server: what is meant for the
live database by its name, or for the whole server, would be done to those who are at work there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from gate.sources.rehearsal.inside.cursors import UnaskedError, literal

BY_NAME = "%s alters the database %s by its name, and the clone has another one"
SHARED = "%s changes %s of the server that the live database is on, and so the clone is no place"
SUBSCRIBES = "%s subscribes, and a clone that did would take what is sent to the live database"
CONNECTS = "%s connects to another server by a function, and a clone has nothing to do there"
"""What is said of a revision that cannot be tried on a clone."""
WORDS = (
    BY_NAME.partition("%s by")[2], SHARED.rpartition("%s")[2], SUBSCRIBES.partition("%s")[2],
    CONNECTS.partition("%s")[2],
)  # fmt: skip
"""How each of them ends."""
REFUSED: list[str] = []
"""What was not done, in these words."""
NAME = r'"(?:[^"]|"")+"|[^\W\d][\w$]*'
ROLE = re.compile(
    r"\b(CREATE|ALTER|DROP)\s+(?:ROLE|USER|GROUP)\b(?!\s+MAPPING\b)"
    r"(?:\s+IF\s+(?:NOT\s+)?EXISTS)?(?:\s+(%s))?(\s+IN\s+DATABASE\b)?" % NAME,
    re.IGNORECASE,
)
MEMBER = re.compile(
    r"\b(?:GRANT\s+((?:(?!\bON\b)[^;])+?)\s+TO|REVOKE\s+(?:\w+\s+OPTION\s+FOR\s+)?"
    r"((?:(?!\bON\b)[^;])+?)\s+FROM)\s+([^;]+)",
    re.IGNORECASE,
)
OWNED = re.compile(
    r"\b(?:DROP|REASSIGN)\s+OWNED\s+BY\s+((?:%s)(?:\s*,\s*(?:%s))*)?" % (NAME, NAME), re.IGNORECASE
)
BASES = re.compile(
    r"\b(CREATE|ALTER|DROP)\s+DATABASE\s+(?:IF\s+EXISTS\s+)?(%s)" % NAME, re.IGNORECASE
)
FEED = re.compile(
    r"\b(?:CREATE\s+SUBSCRIPTION\b(?![^;]*\bconnect\s*=\s*'?(?:false|off|no|0)\b)"
    r"|ALTER\s+SUBSCRIPTION\s+(?:%s)\s+(?:ENABLE|REFRESH|(?:SET|ADD|DROP)\s+PUBLICATION)\b)" % NAME,
    re.IGNORECASE,
)
WHOLE = re.compile(r"\b(?:ALTER\s+(SYSTEM)|(?:CREATE|ALTER|DROP)\s+(TABLESPACE))\b", re.IGNORECASE)
ENDS = re.compile(r"\bpg_(?:terminate_backend|cancel_backend)\s*\(", re.IGNORECASE)
"""Sessions of the whole server, where it is not said that they are of this database."""
CALLS = {
    "replication": re.compile(
        r"\bpg_(?:(?:create|drop|copy)_\w*replication_slot|replication_slot_advance"
        r"|sync_replication_slots|replication_origin_\w+|create_restore_point|switch_wal|promote"
        r"|wal_replay_\w+|backup_start|backup_stop|start_backup|stop_backup)\s*\(", re.IGNORECASE
    ),
    "settings": re.compile(r"\bpg_(?:reload_conf|rotate_logfile)\s*\(", re.IGNORECASE),
    "statistics": re.compile(
        r"\bpg_stat_(?:reset_(?:shared|slru)|statements_reset)\s*\(", re.IGNORECASE
    ),
    "files": re.compile(
        r"\blo_export\s*\(|\bpg_file_(?:write|rename|unlink)\s*\("
        r"|\bCOPY\b[^;]*?\b(?:(?:TO|FROM)\s+PROGRAM|TO\s+')", re.IGNORECASE
    ),
}  # fmt: skip
"""Functions and statements that do something to the whole server, wherever in a statement."""
BEYOND = re.compile(
    r"\b(?:dblink(?:_\w+)?|(?:net\.)?http_(?:get|post|put|patch|delete|head)|aws_lambda\.invoke"
    r"|aws_s3\.\w+|pglogical\.\w*subscription\w*)\s*\(", re.IGNORECASE,
)  # fmt: skip
"""Functions of extensions that connect to another server."""
ANYBODY = ("all", "current_role", "current_user", "session_user")
NO = ("'false'", "'off'", "'no'", "'0'")
QUOTED = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
REMARK = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def by_name(text: str, live: str) -> bool:
    """Whether a statement alters a database of that name, or what is kept of it."""
    named = r"(?:%s(?![\w$])|\"%s\")" % (re.escape(live), re.escape(live.replace('"', '""')))
    also = r"(?:(?:%s)\s*,\s*)*" % NAME
    return bool(re.search(
        r"\b(?:(?:ALTER|DROP)\s+DATABASE\s+(?:IF\s+EXISTS\s+)?%s"
        r"|(?:GRANT|REVOKE|COMMENT|LABEL)\b[^;]*?\bON\s+DATABASE\s+%s%s"
        r"|ALTER\s+(?:ROLE|USER)\b[^;]*?\bIN\s+DATABASE\s+%s)" % (named, also, named, named),
        text, re.IGNORECASE,
    ))  # fmt: skip


def texts(source: Any) -> list[str]:
    """Every text of a Python file but those that stand by themselves, which are for its reader.

    Raises:
        SyntaxError, ValueError: It is none.
    """
    nodes = list(ast.walk(ast.parse(source)))
    bare = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    told = [one for one in nodes if isinstance(one, ast.Constant) and id(one) not in bare]
    return [one.value for one in told if isinstance(one.value, str)]


def why_not(how: dict[str, Any], statement: str, revision: str, ask: Any) -> str:
    """Why a statement is not done on a clone; empty where it is."""
    if by_name(without_remarks(statement), how["live"]):
        return BY_NAME % (revision, how["live"])
    why = elsewhere(statement, revision)
    if why or not how["shared"]:
        return why
    try:
        what = shared(statement, ask, how["database"])
    except UnaskedError:
        what = "roles"
    return SHARED % (revision, what) if what else ""


def elsewhere(statement: str, revision: str) -> str:
    """Why a statement reaches another database than its own, wherever that is; empty if not."""
    for one in _parts(without_remarks(statement)):
        if FEED.search(one):
            return SUBSCRIBES % revision
        if BEYOND.search(one):
            return CONNECTS % revision
    return ""


def _parts(text: str) -> list[str]:
    """The statements of a text without what is in quotes; a block is one, with all that it quotes.

    What a block runs may be in quotes; of a whole statement, what is in quotes is none.
    """
    if re.match(r"\s*DO\b", text, re.IGNORECASE):
        return [text]
    bare = QUOTED.sub(lambda one: one[0] if one[0].lower() in NO else "''", text)
    return [one.lstrip() for one in bare.split(";")]


def shared(statement: str, ask: Any, own: str) -> str:
    """What a statement changes beside its own database; empty where it changes nothing there.

    Args:
        statement: As it is about to be done.
        ask: Answers a query with its one value.
        own: Name of the database that it is done in.
    """
    return next(_shared(without_remarks(statement), ask, own), "")


def _shared(text: str, ask: Any, own: str) -> Iterator[str]:
    block = re.match(r"\s*DO\b", text, re.IGNORECASE) is not None
    for one in _parts(text):
        if ENDS.search(one) and "current_database" not in one.lower():
            yield "sessions"
        yield from (what for what, call in CALLS.items() if call.search(one))
        look = re.Pattern.finditer if block else _at_its_beginning
        for found in look(WHOLE, one):
            yield "settings" if found[1] else "tablespaces"
        if not block and any(_unquoted(two[2]) != own for two in look(BASES, one)):
            yield "databases"
        if any(_changes(found, ask) for found in look(ROLE, one)):
            yield "roles"
        if any(_moves(found, ask) for found in look(MEMBER, one)):
            yield "members of roles"
        if any(_own_elsewhere(found[1], ask) for found in look(OWNED, one)):
            yield "what roles own and may do elsewhere"


def without_remarks(statement: str) -> str:
    """A statement without what is for its reader."""
    return REMARK.sub(" ", statement)


def _at_its_beginning(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    found = pattern.match(text.lstrip())
    return [found] if found else []


def _changes(found: re.Match[str], ask: Any) -> bool:
    """Whether it does anything: one that is there is not made, and one that is not is not changed.

    Nothing but its settings in one database are none of the others'.
    """
    verb, name, inside = found[1].upper(), found[2], found[3]
    if inside:
        return False
    there = name is None or _exists(name, ask)
    return name is None or there is None or there == (verb != "CREATE")


def _moves(found: re.Match[str], ask: Any) -> bool:
    roles = [one for part in (found[1] or found[2], found[3]) for one in re.findall(
        r"(?:^|,)\s*(?:GROUP\s+)?(%s)" % NAME, part, re.IGNORECASE)]  # fmt: skip
    return all(_exists(one, ask) is not False for one in roles)


def _own_elsewhere(names: str | None, ask: Any) -> bool:
    """Whether roles own something of the whole server, or have a right on it: databases, mostly."""
    found = re.findall(NAME, names or "")
    held = (
        "SELECT count(*) FROM pg_catalog.pg_roles AS r JOIN pg_catalog.pg_shdepend AS s"
        " ON s.refobjid = r.oid AND s.refclassid = 'pg_catalog.pg_authid'::regclass"
        " AND s.dbid = 0 WHERE r.rolname = %s"
    )
    return not found or any(_anybody(one) or ask(held % _word(one)) for one in found)


def _exists(name: str, ask: Any) -> bool | None:
    """Whether there is such a role; ``None`` where it is whoever is there."""
    if _anybody(name):
        return None
    there = "SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname = %s"
    return bool(ask(there % _word(name)))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _anybody(name: str) -> bool:
    return name.lower() in ANYBODY


def _word(name: str) -> str:
    return literal(_unquoted(name))
