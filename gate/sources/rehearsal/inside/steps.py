"""Reach Alembic as the deployment does, and do there what is asked: one step, or their order."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import sys
import traceback
from typing import Any

from gate.sources.rehearsal.inside.ahead import INERT, directory
from gate.sources.rehearsal.inside.command import Words, tell
from gate.sources.rehearsal.inside.doors import shut
from gate.sources.rehearsal.inside.foreign import keep
from gate.sources.rehearsal.inside.guard import check_files, guard
from gate.sources.rehearsal.inside.hear import NOTICES
from gate.sources.rehearsal.inside.memory import made_by, remind
from gate.sources.rehearsal.inside.pages import KNOWN, written
from gate.sources.rehearsal.inside.refused import REFUSED


def do(how: dict[str, Any], asked: Any, found: str) -> int:
    """Reach Alembic as the deployment does, and do what is asked there."""
    from alembic.config import CommandLine

    def at_alembic(config: Any) -> int:
        return _within(how, asked, found, config)

    class Line(CommandLine):
        """Reads the options as ever, and keeps what came of them."""

        def run_cmd(self, config: Any, options: Any) -> None:
            del options
            kept.append(config)

    kept: list[Any] = []
    words = [_filled(one, os.environ[how["variable"]]) for one in _words(how)]
    if not how["application"]:
        sys.argv = Words(words)
        Line("alembic").main([*words, "current"])
        return at_alembic(kept[0])
    CALLED["back"] = at_alembic
    if words[0] == "-m":
        sys.argv = words[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        path = words[0] if os.path.exists(words[0]) else shutil.which(words[0]) or words[0]
        sys.argv = [path, *words[1:]]
        sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
        runpy.run_path(path, run_name="__main__")
    return 0


def _filled(word: str, url: str) -> str:
    """A word of a command line, with the address in it; in double braces it is a word itself."""
    literal = re.compile(r"\{(\{[A-Za-z_][A-Za-z0-9_]*\})\}|\{url\}")
    return literal.sub(lambda one: one[1] or url, word)


def _words(how: dict[str, Any]) -> list[str]:
    return list(how["application"] or how["words"])


UNSUITED = 77
"""Exit status of a process that was to be kept and came to Alembic's steps without a stop."""
TAKEN = ("upgrade", "downgrade", "current", "stamp", "check", "ensure_version")
"""Commands of Alembic's that an application calls, in whose place the step is done."""
CALLED: dict[str, Any] = {}


def taken(config: Any, tag: Any) -> None:
    """Do what is asked in place of a command, commit it, and end.

    Args:
        config: Alembic's, as the caller made it.
        tag: What the caller tells ``env.py`` beside it.
    """
    back = CALLED.get("back")
    if back is None:
        return
    CALLED["tag"] = tag
    status = 1
    try:
        status = back(config)
        for one in list(config.attributes.values()):
            # What the caller would commit when it has this connection back.
            transaction = getattr(one, "get_transaction", None)
            if status == 0 and transaction is not None and transaction() is not None:
                transaction().commit()
    except BaseException:  # noqa: BLE001 - whatever it is, it is the answer
        status = 1
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 255)


def _within(how: dict[str, Any], asked: Any, found: str, config: Any) -> int:
    """Do what is asked, with a configuration, in whatever surroundings it was given."""
    from alembic import util
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationStep
    from alembic.script import ScriptDirectory

    answer: dict[str, Any] = {"called": True}
    _tell(found, answer)  # env.py may end its process
    try:
        if how["option"]:
            url = os.environ[how["variable"]].replace("%", "%%")
            config.set_section_option(config.config_ini_section, how["option"], url)
        told = CALLED["script"] = ScriptDirectory.from_config(config)

        def steps(at: Any, context: Any) -> Any:
            if not asked:
                os._exit(UNSUITED)
            _tell(found, answer)  # a step may end its process
            _at_the_clone(how, context, answer, only=asked["do"] == "at")
            heads = tuple(at) if isinstance(at, (tuple, list)) else (at,) if at else ()
            # Read by this process: what a revision's file computes is not what another one had.
            script = directory(told, asked.get("revisions", ()))
            answer["at"] = [*answer.get("at", ()), *heads]
            if asked["do"] == "plan":
                answer.update(_plan(script, heads, asked))
            if asked["do"] in ("plan", "at"):
                _tell(found, answer)  # env.py may end its process when it is through
                return []
            make = MigrationStep.upgrade_from_script
            if asked["do"] == "down":
                make = MigrationStep.downgrade_from_script
            found_ = _meant(script, heads, asked)
            check_files(how["live"], found_)
            guard(how, asked["revisions"][-1], context.connection)
            keep(asked["revisions"][-1], context.connection, REFUSED)
            shut(how, asked["revisions"][-1], REFUSED)
            remind(context, script, heads, asked)
            return [make(script.revision_map, one) for one in found_]

        # Who only asks makes no version table either, where there is none.
        only = {"dont_mutate": True} if asked and asked["do"] in ("plan", "at") else {}
        tag = CALLED.get("tag")
        around = EnvironmentContext(config, told, fn=steps, as_sql=False, tag=tag, **only)
        tell(around, asked)
        with around:
            told.run_env()
    except Exception as error:
        if not REFUSED and not isinstance(error, util.CommandError):
            raise
        return _failed(REFUSED[0] if REFUSED else error)
    finally:
        _tell(found, {**answer, **_at_last()})
    # Whatever was made of it meanwhile: what was refused is the reason.
    return _failed(REFUSED[0]) if REFUSED else 0


def _at_last() -> dict[str, Any]:
    """What is told of every end: of the step, and for the process that it came from."""
    told: dict[str, Any] = {"notices": NOTICES, "made": made_by()}
    if "kept" not in CALLED:
        stops, unkept = CALLED.get("stops", []), CALLED.get("unkept", [])
        return {**told, "stops": stops, "unkept": unkept, "modules": _installed()}
    return told if KNOWN else {**told, "written": written()}


def _meant(script: Any, heads: tuple[str, ...], asked: dict[str, Any]) -> list[Any]:
    """What of the revisions that are asked for is to be done where the database is at these.

    Where ``env.py`` goes through several schemas, each may be at another one; and another command
    may have been there first. Up, what lies behind is done as well; down, what is not there is not.
    """
    known = [script.get_revision(one) for one in asked["revisions"]]
    found = [one for one in known if one is not None]
    at = set(heads)
    if asked["do"] == "down":
        if not {one.revision for one in found} <= at:
            there = {one.revision.revision for one in script._upgrade_revs(heads, ())}
            found = [one for one in found if one.revision in there]
        return found
    if len(found) == 1:
        behind = set(found[0]._versioned_down_revisions)
        if behind <= at if behind else not at:  # as it is mostly, and told at once
            return found
    behind = {name for one in found for name in one._versioned_down_revisions}
    behind |= {name for one in found for name in getattr(one, "_resolved_dependencies", ())}
    ends = tuple(one.revision for one in found if one.revision not in behind)
    lacks = [one.revision for one in script._upgrade_revs(ends, heads)]
    return found if {*lacks} == {*found} else lacks  # in the order that was told before


def _failed(why: object) -> int:
    sys.stderr.write("FAILED: %s\n" % why)
    return 255


def _tell(found: str, answer: dict[str, Any]) -> None:
    with open(found, "w", encoding="utf-8") as file:
        json.dump(answer, file)


def _at_the_clone(how: dict[str, Any], context: Any, answer: dict[str, Any], *, only: bool) -> None:
    """Go no further where ``env.py`` has opened another database, too or instead.

    Args:
        how: Knows the clone's name.
        context: Alembic's, with the connection that the step would be done on.
        answer: Is told what was opened: ``elsewhere``, or the table that it ``keeps`` revisions in.
        only: Whether it is only asked for its revisions: then the other one is told, too.

    Raises:
        CommandError: It has; nothing was done there.
    """
    from alembic import util
    from sqlalchemy import text

    connection = context.connection
    found = "a database of %s" % connection.dialect.name
    if connection.dialect.name in ("postgresql", "cockroachdb"):
        row = connection.execute(text("SELECT current_database(), current_schema()")).fetchone()
        name, schema = row
        if name == how["database"]:
            schema = context.version_table_schema or schema or "public"
            answer["keeps"] = "%s.%s" % (schema, context.version_table)
            return
        found = "the database %s" % name
    answer["elsewhere"] = found
    if not only:
        raise util.CommandError("env.py opens %s" % found)


def _installed() -> list[str]:
    """Alembic's own modules and a driver's that were imported.

    An application's are not: who imports one earlier than it does, in surroundings that it has not
    prepared yet, may have something else.
    """
    return [name for name in list(sys.modules) if name.partition(".")[0] in INERT]


def _plan(script: Any, at: tuple[str, ...], asked: Any) -> dict[str, Any]:
    """The order of the upgrade and the ways back, as Alembic itself would go them."""
    from alembic import util

    problems: dict[str, str] = {}
    targets: dict[str, list[str]] = {}
    for name in asked["reaches"] or ["heads"]:
        try:
            revisions = script.get_revisions(name)
            targets[name] = [one.revision for one in revisions if one is not None]
            if not targets[name] and name not in ("base", "heads"):
                problems[name] = "no revision is called %s" % name
        except util.CommandError as error:
            problems[name] = str(error)
    wanted = tuple(dict.fromkeys(one for found in targets.values() for one in found))
    order = [one.revision.revision for one in script._upgrade_revs(wanted, at)] if wanted else []
    history = [one.revision.revision for one in script._upgrade_revs(wanted, ())] if wanted else []
    seen = set(history)
    heads = wanted + tuple(one for one in at if one not in seen)
    ways: dict[str, Any] = {}
    for name in asked["restores"]:
        try:
            found = None if name == "base" else script.get_revision(name)
            if name != "base" and found is None:
                problems[name] = "no revision is called %s" % name
                continue
            # Its own list is of steps ready to go, and fails where a file has no way down.
            down = script.iterate_revisions(heads, name, select_for_downgrade=True)
            steps = [one.revision for one in down]
            ways[name] = {"to": found.revision if found else "base", "steps": steps}
        except (util.CommandError, AssertionError) as error:
            problems[name] = str(error) or "it does not lie behind %s" % ", ".join(heads)
    parents = {one.revision: list(one._versioned_down_revisions) for one in script.walk_revisions()}
    return {
        "at": list(at), "order": order, "history": history, "heads": list(heads),
        "targets": targets, "ways": ways, "problems": problems, "parents": parents,
    }  # fmt: skip
