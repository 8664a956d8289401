"""What an ``env.py`` may ask of the command that runs it: which one it is, and where it leads.

The process that stays runs ``env.py`` before it is known which step comes: where it asks, each step
goes on from there in a fork of its own.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import sys
from typing import Any

from gate.sources.rehearsal.inside.kept import reached


def stands_in(plain: Any, taken: Any) -> Any:
    """What stands in for a command of Alembic's, and takes the same words.

    Alembic's own command line reads them from a function's code.

    Args:
        plain: The command.
        taken: What is done instead, with the configuration and the tag that were given.
    """
    words = inspect.signature(plain)
    bare = [one.replace(annotation=one.empty) for one in words.parameters.values()]
    line = str(words.replace(parameters=bare, return_annotation=words.empty))
    space: dict[str, Any] = {"taken": taken}
    exec("def one%s:\n    taken(config, locals().get('tag'))\n" % line, space)  # noqa: S102
    found = functools.update_wrapper(space["one"], plain)
    del found.__wrapped__
    return found


def tell(context: Any, asked: dict[str, Any]) -> None:
    """Have a step's surroundings as its own command would make them.

    Args:
        context: Alembic's ``EnvironmentContext``; the options of its configuration are other ones
            afterwards, where it has them.
        asked: What is done; empty while that is not known yet.
    """

    def at_last(plain: Any) -> Any:
        @functools.wraps(plain)
        def argument() -> Any:
            reached()
            context.context_opts.update(_ends(context.script, asked))
            return plain()

        return argument

    # On this one, since Alembic knows its class alone.
    context.get_revision_argument = at_last(context.get_revision_argument)
    context.get_starting_revision_argument = at_last(context.get_starting_revision_argument)
    if isinstance(sys.argv, Words):
        sys.argv.step = context.script, asked
    if hasattr(context.config.cmd_opts, "cmd"):
        context.config.cmd_opts = Options(context.config.cmd_opts, context.script, asked)


class Options(argparse.Namespace):
    """The options of Alembic's command line, with the command that the step is."""

    def __init__(self, given: Any, script: Any, asked: dict[str, Any]) -> None:
        """Take over all options that were given."""
        super().__init__(**vars(given))
        vars(self)["_step"] = script, asked

    def __getattribute__(self, name: str) -> Any:
        """Whichever there is; where the step makes another one of it, that."""
        if name in ("cmd", "revision"):
            reached()
            script, asked = vars(self)["_step"]
            ends = _ends(script, asked)
            if ends and name == "revision":
                return ends["destination_rev"]
            if ends:
                from alembic import command

                done = command.upgrade if asked["do"] == "up" else command.downgrade
                return done, ["revision"], ["sql", "tag"]
        return super().__getattribute__(name)


class Words(list):  # type: ignore[type-arg]
    """The words of Alembic's command line, where ``env.py`` itself reads them from ``sys.argv``.

    Others, such as an application's settings that it imports, find an upgrade there.
    """

    step: Any = None

    def __init__(self, words: Any) -> None:
        """Begin, while no step is known.

        Args:
            words: Options that come before the command.
        """
        super().__init__(["alembic", *words, "upgrade", "heads"])
        self.before = len(self) - 2

    def __len__(self) -> int:
        """As many as there are."""
        self._read(sys._getframe(1))
        return super().__len__()

    def __iter__(self) -> Any:
        """One after another."""
        self._read(sys._getframe(1))
        return super().__iter__()

    def __contains__(self, word: Any) -> bool:
        """Whether one of them is that."""
        self._read(sys._getframe(1))
        return super().__contains__(word)

    def __getitem__(self, at: Any) -> Any:
        """One, or some."""
        self._read(sys._getframe(1))
        return super().__getitem__(at)

    def __reduce__(self) -> Any:
        """Plain words for another process, such as one of ``multiprocessing``."""
        return list, (super().copy(),)

    def _read(self, frame: Any) -> None:
        if self.step is None or frame.f_globals.get("__name__") != "env_py":
            return
        reached()
        script, asked = self.step
        ends = _ends(script, asked)
        way = "upgrade" if asked.get("do") == "up" else "downgrade"
        self[self.before :] = [way, ends["destination_rev"]] if ends else ["current"]


def _ends(script: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Where a step's own command begins and ends; nothing where none is done."""
    if asked.get("do") not in ("up", "down"):
        return {}
    name = asked["revisions"][-1]
    if asked["do"] == "down":
        below = script.get_revision(name).down_revision or "base"
        name = below if isinstance(below, str) else below[0]
    return {"starting_rev": None, "destination_rev": name}
