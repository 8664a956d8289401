"""Stays in Alembic's own interpreter on the host, and forks for each thing that is asked of it.

It is sent there as text, and needs nothing but Alembic. What is slow, importing, happens once; what
an ``env.py`` does to its process happens in a process of its own each time.
"""

from __future__ import annotations

import json
import os
import runpy
import select
import shutil
import signal
import sys
import threading
import time
import traceback
from typing import Any

from gate.sources.rehearsal.hear import hear, hear_out


def serve(how: dict[str, Any]) -> None:
    """Answer what is asked through two pipes in a folder, until killed.

    Args:
        how: ``folder`` holds the pipes ``ask`` and ``answer``; ``words`` are Alembic's own options,
            such as ``-c file.ini`` or ``-n section``; ``application`` is a command line that calls
            Alembic, instead; ``installed`` says whether the program is a script, which does not
            look for modules here; ``variable`` names what leads to the database, and ``option``
            what of the ini file is to be set to it; ``deadline_s`` is for one command.
    """
    folder: str = how["folder"]
    if not how["installed"] and not how["application"]:
        sys.path.insert(0, os.getcwd())
    import alembic.config  # noqa: F401 - slow, and the same for every command
    import sqlalchemy.dialects.postgresql  # noqa: F401
    from alembic import command

    for name in TAKEN if how["application"] else ():
        setattr(command, name, _taken)
    with open(folder + "/pid", "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    threading.Thread(target=_leave_with_the_gate, args=(folder,), daemon=True).start()
    while True:
        with open(folder + "/ask", encoding="utf-8") as file:
            asked = json.loads(file.read() or "{}")
        answer = _apart(how, asked)
        for name in answer.pop("modules", ()):
            try:
                __import__(name)
            except BaseException:  # noqa: BLE001, S112 - it is imported where it is needed, then
                continue
        with open(folder + "/answer", "w", encoding="utf-8") as file:
            json.dump(answer, file)


def _leave_with_the_gate(folder: str) -> None:
    """End with everything that was begun when nobody reads on descriptor 3 any more.

    That is the way back to the gate: a gate that was killed does not come to end this process.
    """
    reader = select.poll()
    try:
        os.fstat(3)
        reader.register(3, 0)
    except OSError:
        return
    reader.poll()
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            for child in file.read().split():
                _end(int(child))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)


def _end(child: int) -> None:
    """Kill a child with its own, also one that leads no group yet; it may be gone already."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _apart(how: dict[str, Any], asked: Any) -> dict[str, Any]:
    """Do it in a child, which is killed with its own when it is late."""
    found = how["folder"] + "/found"
    with open(found, "w", encoding="utf-8"):
        pass
    listen, speak = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(listen)
        os.dup2(speak, 1)
        os.dup2(speak, 2)
        _alone(how, asked, found)

    def killed(*_: object) -> None:
        os.killpg(child, signal.SIGKILL)
        os._exit(143)

    signal.signal(signal.SIGTERM, killed)
    os.close(speak)
    os.set_blocking(listen, False)
    said = b""  # however much it is, neither this process nor a disk fills up with it
    until, pause = time.monotonic() + how["deadline_s"], 0.001
    ended: int | None = None
    while ended is None and time.monotonic() < until:
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            ended = os.WEXITSTATUS(code) if os.WIFEXITED(code) else 128 + os.WTERMSIG(code)
            continue
        said, over = hear_out(listen, said)
        select.select([] if over else [listen], [], [], pause)
        pause = min(0.02, pause * 1.5)
    if ended is None:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    said = hear_out(listen, said)[0]
    os.close(listen)
    with open(found, encoding="utf-8") as text:
        answer: dict[str, Any] = json.loads(text.read() or "{}")
    return {**answer, "status": ended, "said": said.decode("utf-8", "replace")}


def _alone(how: dict[str, Any], asked: Any, found: str) -> None:
    status = 1
    try:
        HEARD["now"] = hear()
        status = _do(how, asked, found)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, it is the answer
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status & 255)


def _do(how: dict[str, Any], asked: Any, found: str) -> int:
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
    words = list(how["application"] or how["words"])
    words = [one.replace("{url}", os.environ[how["variable"]]) for one in words]
    if not how["application"]:
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
    sys.stderr.write("FAILED: %s did not call Alembic in its own process\n" % " ".join(words))
    return 254


TAKEN = ("upgrade", "downgrade", "current", "stamp", "check", "ensure_version")
"""Commands of Alembic's that an application calls, in whose place the step is done."""
CALLED: dict[str, Any] = {}
HEARD: dict[str, list[str]] = {}


def _taken(config: Any, *_: Any, **__: Any) -> None:
    """Stand in for a command of Alembic's: do what is asked, commit it, and end."""
    back = CALLED.get("back")
    if back is None:
        return
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

    answer: dict[str, Any] = {}
    try:
        if how["option"]:
            url = os.environ[how["variable"]].replace("%", "%%")
            config.set_section_option(config.config_ini_section, how["option"], url)
        script = ScriptDirectory.from_config(config)

        def steps(at: Any, _: Any) -> Any:
            heads = tuple(at) if isinstance(at, (tuple, list)) else (at,) if at else ()
            answer["at"] = list(heads)
            if asked["do"] == "plan":
                answer.update(_plan(script, heads, asked))
            if asked["do"] in ("plan", "at"):
                return []
            make = MigrationStep.upgrade_from_script
            if asked["do"] == "down":
                make = MigrationStep.downgrade_from_script
            found_ = [script.get_revision(one) for one in asked["revisions"]]
            return [make(script.revision_map, one) for one in found_ if one is not None]

        with EnvironmentContext(config, script, fn=steps, as_sql=False):
            script.run_env()
    except util.CommandError as error:
        sys.stderr.write("FAILED: %s\n" % error)
        return 255
    finally:
        answer["notices"] = HEARD.get("now", [])
        places = ("site-packages", "dist-packages")
        answer["modules"] = [
            name
            for name, module in list(sys.modules.items())
            if any(one in (getattr(module, "__file__", None) or "") for one in places)
        ]
        with open(found, "w", encoding="utf-8") as file:
            json.dump(answer, file)
    return 0


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
