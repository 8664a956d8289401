"""Alembic in one process that stays on the host: asked for one step, or for the order of them."""

from __future__ import annotations

import dataclasses
import json
import shlex
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from gate.sources.rehearsal.environment import surrounded
from gate.sources.rehearsal.line import Line
from gate.target import Target

START_S, STOP_S, SPARE_S = 60.0, 10.0, 5.0
FOLDER = """\
umask 077; folder=$(mktemp -d /tmp/gate-XXXXXXXXXXXX) || exit 1
mkfifo "$folder/ask" "$folder/answer" || exit 1
printf %s "$folder"
"""
END = """\
[ ! -e {0}/pid ] || kill "$(cat {0}/pid)" 2>/dev/null; rm -rf -- {0}
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

    def __init__(self, line: Line, deadline_s: float, ended: list[str]) -> None:
        """Take over the line to it."""
        self._line, self._deadline_s, self._ended = line, deadline_s, ended

    def ask(self, do: str, **given: object) -> Answer:
        """Have one thing done, in a process of its own.

        Raises:
            CarrierError: The host is gone, or the process that stays.
        """
        if self._ended:
            raise CarrierError(f"Alembic's process is gone: {self._ended[0]}", Cause.UPSTREAM)
        limit = self._deadline_s + SPARE_S + START_S
        told = self._line.ask(json.dumps({"do": do, **given}), limit)
        try:
            found: dict[str, Any] = json.loads(told)
        except ValueError:
            raise CarrierError(
                f"Alembic's process is gone: {self._last()}", Cause.UPSTREAM
            ) from None
        return Answer(found.pop("status"), found.pop("said"), found)

    def _last(self) -> str:
        return known.last(" ".join(self._ended), 300) or "it said nothing"


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
        "option": how.option,
        "deadline_s": how.deadline_s,
    }
    text = f"{inside.text()}\nserve({told!r})\n"
    lines = [
        f"cd {shlex.quote(target.placed(how.folder))} || exit 125",
        begun.before,
        f"exec {begun.python} -c {shlex.quote(text)} </dev/null",
    ]
    script = surrounded(how.environment, target, address(how, clone), lines)
    limit = target.rehearsal.deadline_s if target.rehearsal else START_S
    ended: list[str] = []

    def keep() -> None:
        # Whoever waits for an answer is told that there is none.
        where = shlex.quote(folder)
        wake = f"; [ ! -d {where} ] || ( exec 3<>{where}/ask 4<>{where}/answer; sleep 0.5 ); :"
        try:
            output = carrier.run(
                f"exec 2>&1 3>&1; {{ {script}\n}} | tail -c 4000 3>&-{wake}",
                deadline_s=limit + STOP_S,
                to_its_end=True,
            )
            ended.append(known.tell(output.stdout.decode("utf-8", "replace")) or "it ended")
        except ObservationError as error:
            ended.append(str(error))

    thread = threading.Thread(target=keep, name="alembic", daemon=True)
    thread.start()
    try:
        with Line(folder, carrier, sudo=target.sudo) as line:
            runner: Runner | None = Runner(line, how.deadline_s, ended)
            try:
                _await(folder, carrier, ended)
            except ObservationError:
                if not begun.guessed:
                    raise
                runner = None
            yield runner
    finally:
        with suppress(CarrierError):
            carrier.run(END.format(shlex.quote(folder)), deadline_s=10, to_its_end=True)
        thread.join(STOP_S)


def _await(folder: str, carrier: Carrier, ended: list[str]) -> None:
    """Wait until it has imported Alembic.

    Raises:
        ObservationError: It did not start.
    """
    until = time.monotonic() + START_S
    where = shlex.quote(folder)
    script = (
        f"turn=0; while [ ! -e {where}/pid ] && [ $turn -lt 20 ]; do sleep 0.05; "
        f"turn=$((turn + 1)); done; [ -e {where}/pid ]"
    )
    while time.monotonic() < until and not ended:
        if carrier.run(script, deadline_s=10).rc == 0:
            return
    said = known.last(" ".join(ended), 400) or f"not within {START_S:g} s"
    raise ObservationError(f"Alembic did not start: {said}")
