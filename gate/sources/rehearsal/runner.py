"""Alembic in one process that stays on the host: asked for one step, or for the order of them."""

from __future__ import annotations

import dataclasses
import json
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from gate.connection.carrier import Carrier
from gate.connection.obstacle import CarrierError
from gate.contract.rehearsal import Alembic
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.fact import Cause
from gate.sources.rehearsal import inside
from gate.sources.rehearsal.address import address
from gate.sources.rehearsal.begin import begin
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.ended import (
    ITSELF,
    UNCALLED,
    GoneError,
    ItselfError,
    NotStartedError,
    UncalledError,
)
from gate.sources.rehearsal.environment import surrounded
from gate.sources.rehearsal.line import Line
from gate.target import Target

START_S, STOP_S, SPARE_S = 60.0, 10.0, 5.0
MOST = 10
"""How often the process is begun in one rehearsal, at most."""
GONE = "Alembic's process is gone: {}"
FOLDER = """\
umask 077; folder=$(mktemp -d /tmp/gate-XXXXXXXXXXXX) || exit 1
mkfifo "$folder/ask" "$folder/answer" || exit 1
printf %s "$folder"
"""
# A number may be another process's by now: it is this one whose command line names the folder.
# Under another name nobody makes a file in it while it is removed.
END = """\
pid=$(cat {0}/pid 2>/dev/null) && grep -qsaF -- {0} "/proc/$pid/cmdline" &&
  {{ kill "$pid"; kill -CONT "$pid"; }} 2>/dev/null
mv -- {0} {0}.gone && rm -rf -- {0}.gone
"""


@dataclasses.dataclass(frozen=True)
class Answer:
    """How a command of Alembic's ended.

    Attributes:
        status: Exit status; ``None`` where it was killed.
        said: The last of its output.
        found: What it found out.
    """

    status: int | None
    said: str
    found: dict[str, Any]

    @property
    def notices(self) -> tuple[str, ...]:
        """What the server said beside its answers."""
        return tuple(known.first(str(one), 500) for one in self.found.get("notices", ()))


class Runner:
    """The process that stays, as this side sees it; made by `running`."""

    def __init__(self, begin: Callable[[], _Process], how: Alembic) -> None:
        """Begin it.

        Raises:
            ObservationError: It does not start.
        """
        self._begin, self._deadline_s, self._begun = begin, how.deadline_s, 1
        self._application = shlex.join(how.application or how.command)
        self._made: dict[str, Any] = {}
        self.unkept = ""  # why each step begins from the start; empty where none does
        self._process = begin()

    def ask(self, do: str, **given: object) -> Answer:
        """Have one thing done, in a process of its own.

        A step up is told which types those before it made: the deployment's one command knows.
        Where the process that stays went with what was asked before, another one is begun.

        Raises:
            CarrierError: The host is gone, or the process that stays; a `GoneError` where that went
                meanwhile.
            UncalledError: The application ended, and Alembic was not asked.
            ItselfError: ``env.py`` ended, and Alembic did not come to its revisions.
        """
        if self._process.ended and self._begun < MOST:
            self._begun += 1
            try:
                self._process = self._begin()
            except CarrierError:
                raise
            except ObservationError as error:
                raise CarrierError(GONE.format(error), Cause.UPSTREAM) from None
        process = self._process
        if process.ended:
            raise CarrierError(GONE.format(process.last()), Cause.UPSTREAM)
        revisions = given.get("revisions")
        many = max(1, len(revisions)) if isinstance(revisions, list) else 1
        limit = self._deadline_s * many + SPARE_S + START_S
        if do == "up":
            given["made"] = self._made
        try:
            told = process.line.ask(json.dumps({"do": do, **given}), limit)
        except CarrierError as error:
            process.ended.append(str(error))  # an answer that comes after all is nobody's
            raise
        try:
            found: dict[str, Any] = json.loads(told)
            answer = Answer(found.pop("status"), found.pop("said"), found)
        except (ValueError, LookupError, AttributeError):
            process.await_end()
            raise GoneError(GONE.format(process.last()), Cause.UPSTREAM) from None
        self.unkept = ", ".join(answer.found.get("unkept", ()))
        if answer.status == 0:
            self._check(do, answer.found)
        if do == "up" and answer.status == 0 and isinstance(revisions, list):
            self._made[revisions[-1]] = answer.found.get("made", {})
        return answer

    def _check(self, do: str, found: dict[str, Any]) -> None:
        """Who ended well has come to Alembic, and Alembic to what it was asked for."""
        if "called" not in found:
            raise UncalledError(UNCALLED.format(self._application))
        if do in ("at", "plan") and "at" not in found:
            raise ItselfError(ITSELF)


class _Process:
    """One process and the line to it, from its start to its end."""

    def __init__(
        self, folder: str, script: str, limit_s: float, target: Target, carrier: Carrier
    ) -> None:
        self.ended: list[str] = []
        self._folder, self._carrier = folder, carrier
        self._thread = threading.Thread(
            target=self._keep, args=(script, limit_s), name="alembic", daemon=True
        )
        self._thread.start()
        try:
            self.line = Line(folder, carrier, sudo=target.sudo)
        except BaseException:
            self._remove()
            raise

    def _keep(self, script: str, limit_s: float) -> None:
        # Whoever waits for an answer is told that there is none.
        where = shlex.quote(self._folder)
        wake = f"; [ ! -d {where} ] || ( exec 3<>{where}/ask 4<>{where}/answer; sleep 0.5 ) 2>&-; :"
        try:
            output = self._carrier.run(
                f"exec 2>&1 3>&1; {{ {script}\n}} | tail -c 4000 3>&-{wake}",
                deadline_s=limit_s,
                to_its_end=True,
            )
            said = known.tell(output.stdout.decode("utf-8", "replace"))
            self.ended.append(said or "it ended")
        except ObservationError as error:
            self.ended.append(str(error))

    def await_start(self) -> None:
        """Wait until it has imported Alembic.

        Raises:
            NotStartedError: It did not start.
        """
        until = time.monotonic() + START_S
        where = shlex.quote(self._folder)
        script = (
            f"turn=0; while [ ! -e {where}/pid ] && [ $turn -lt 20 ]; do sleep 0.05; "
            f"turn=$((turn + 1)); done; [ -e {where}/pid ]"
        )
        while time.monotonic() < until and not self.ended:
            if self._carrier.run(script, deadline_s=10).rc == 0:
                return
        said = known.last(" ".join(self.ended), 400) or f"not within {START_S:g} s"
        raise NotStartedError(f"Alembic did not start: {said}")

    def await_end(self) -> None:
        """Wait until it is known what it said when it ended, for a moment."""
        self._thread.join(STOP_S)

    def last(self) -> str:
        """The last of what it said."""
        return known.last(" ".join(self.ended), 300) or "it said nothing"

    def close(self) -> None:
        """End it, with its line and its folder."""
        self.line.close()
        self._remove()

    def _remove(self) -> None:
        with suppress(CarrierError):
            end = END.format(shlex.quote(self._folder))
            self._carrier.run(end, deadline_s=10, to_its_end=True)
        self._thread.join(STOP_S)


@contextmanager
def running(
    how: Alembic, target: Target, clone: Clone, carrier: Carrier
) -> Iterator[Runner | None]:
    """Have Alembic's process.

    ``None`` where a program that is not known to be Alembic's, such as ``flask db``, cannot be
    begun in this way; then each revision is a command of its own.

    Raises:
        ObservationError: The host lends no folder, or it did not start, with the reason.
    """
    with starting(how, target, clone, carrier) as started:
        yield started()


@contextmanager
def starting(
    how: Alembic, target: Target, clone: Clone, carrier: Carrier
) -> Iterator[Callable[[], Runner | None]]:
    """Have Alembic's process begin, and go on meanwhile: it imports Alembic, and opens nothing.

    What is yielded waits for it, returns what `running` does, and raises what that raises.
    """
    with ExitStack() as opened:

        def begin_one() -> _Process:
            opened.close()  # one that is gone already
            process = _begin(how, target, clone, carrier)
            opened.callback(process.close)
            return process

        first: list[_Process] = []
        failed: list[ObservationError] = []
        try:
            first.append(begin_one())
        except ObservationError as error:
            failed.append(error)

        def one() -> _Process:
            process = first.pop() if first else begin_one()
            process.await_start()
            return process

        def started() -> Runner | None:
            for error in failed:
                raise error
            try:
                return Runner(one, how)
            except NotStartedError:
                if not begin(how).guessed:
                    raise
                return None

        yield started


def _begin(how: Alembic, target: Target, clone: Clone, carrier: Carrier) -> _Process:
    begun = begin(how)
    made = carrier.run(FOLDER, deadline_s=10)
    folder = made.stdout.decode("utf-8", "replace").strip()
    if made.rc != 0 or not folder.startswith("/"):
        raise ObservationError("the host lends no folder for temporary files")
    told = {
        "folder": folder,
        "words": begun.words,
        "application": begun.application,
        "installed": bool(begun.before),
        "variable": how.variable,
        "database": clone.name,
        "live": clone.live.there["dbname"],
        "shared": clone.beside_live,
        "option": how.option,
        "deadline_s": how.deadline_s,
    }
    text = f"{inside.text()}module.serve({told!r})\n"
    lines = [
        f"cd {shlex.quote(target.placed(how.folder))} || exit 125",
        # A step ends its process before the application clears away what it made for a while.
        f"mkdir {shlex.quote(folder)}/for_a_while || exit 125",
        f'TMPDIR="${{TMPDIR:-{folder}/for_a_while}}"; export TMPDIR',
        begun.before,
        f"exec {begun.python} -c {shlex.quote(text)} </dev/null",
    ]
    script = surrounded(how.environment, target, address(how, clone), lines)
    limit = target.rehearsal.deadline_s if target.rehearsal else START_S
    return _Process(folder, script, limit + STOP_S, target, carrier)
