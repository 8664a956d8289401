"""Alembic in one process that stays on the host: asked for one step, or for the order of them."""

from __future__ import annotations

import dataclasses
import json
import pathlib
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
from gate.sources.rehearsal import driver
from gate.sources.rehearsal.alembic import address
from gate.sources.rehearsal.clone import Clone
from gate.sources.rehearsal.environment import surrounded
from gate.target import Target

START_S, STOP_S, SPARE_S = 60.0, 10.0, 5.0
FOLDER = """\
umask 077; folder=$(mktemp -d /tmp/gate-XXXXXXXXXXXX) || exit 1
mkfifo "$folder/ask" "$folder/answer" || exit 1
printf %s "$folder"
"""
SHEBANG = """\
program=$(command -v {program}) || {{ echo {program}: not found; exit 127; }}
IFS= read -r line <"$program"
case $line in
  '#!/bin/sh') line=$(sed -n 2p "$program"); line=${{line#*exec\\' }}
    python=${{line%% \\"\\$0\\"*}}; python=${{python#\\"}}; python=${{python%\\"}} ;;
  *env\\ *) python=${{line##*env }} ;;
  *) python=${{line#'#!'}} ;;
esac
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


class Runner:
    """The process that stays, as this side sees it; made by `running`."""

    def __init__(self, folder: str, carrier: Carrier, deadline_s: float, ended: list[str]) -> None:
        """Take over a folder on the host that holds its pipes."""
        self._folder, self._carrier, self._deadline_s = folder, carrier, deadline_s
        self._ended = ended

    def ask(self, do: str, **given: object) -> Answer:
        """Have one thing done, in a process of its own.

        Raises:
            CarrierError: The host is gone, or the process that stays.
        """
        if self._ended:
            raise CarrierError(f"Alembic's process is gone: {self._ended[0]}", Cause.UPSTREAM)
        text = shlex.quote(json.dumps({"do": do, **given}))
        where = shlex.quote(self._folder)
        # Who opens a pipe waits for the other end: each in its turn, and both for so long.
        script = f"printf %s {text} >{where}/ask; cat {where}/answer"
        limit = self._deadline_s + SPARE_S + START_S
        output = self._carrier.run(script, deadline_s=limit)
        try:
            found: dict[str, Any] = json.loads(output.stdout)
        except ValueError:
            raise CarrierError(
                f"Alembic's process is gone: {self._last()}", Cause.UPSTREAM
            ) from None
        return Answer(found.pop("status"), found.pop("said"), found)

    def _last(self) -> str:
        return known.last(" ".join(self._ended), 300) or "it said nothing"


def interpreter(command: tuple[str, ...]) -> tuple[str, str, list[str]] | None:
    """How Alembic's own interpreter is started, from a command line that ends in Alembic.

    Returns:
        Shell lines that come before, the beginning of the command line, and Alembic's options;
        ``None`` where the command is another program's, such as ``flask db``.
    """
    for number, word in enumerate(command):
        if word == "-m" and command[number + 1 : number + 2] == ("alembic",) and number:
            return "", shlex.join(command[:number]), list(command[number + 2 :])
        if pathlib.PurePosixPath(word).name == "alembic":
            options = list(command[number + 1 :])
            if number:
                return "", shlex.join([*command[:number], "python"]), options
            return SHEBANG.format(program=shlex.quote(word)), '"$python"', options
    return None


@contextmanager
def running(
    how: Alembic, target: Target, clone: Clone, carrier: Carrier
) -> Iterator[Runner | None]:
    """Have Alembic's process; ``None`` where it has no interpreter that is known.

    Raises:
        ObservationError: The host lends no folder.
    """
    begun = interpreter(how.command)
    if begun is None:
        yield None
        return
    made = carrier.run(FOLDER, deadline_s=10)
    folder = made.stdout.decode("utf-8", "replace").strip()
    if made.rc != 0 or not folder.startswith("/"):
        raise ObservationError("the host lends no folder for temporary files")
    before, python, options = begun
    text = pathlib.Path(driver.__file__).read_text("utf-8") + (
        f"\nserve({folder!r}, {options!r}, {bool(before)!r}, {how.deadline_s!r})\n"
    )
    lines = [
        f"cd {shlex.quote(target.placed(how.folder))} || exit 125",
        before,
        f"exec {python} -c {shlex.quote(text)} </dev/null",
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
        _await(folder, carrier, ended)
        yield Runner(folder, carrier, how.deadline_s, ended)
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
