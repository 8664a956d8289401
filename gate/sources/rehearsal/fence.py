"""Start a program on the host behind a fence that was proven, and lead to what it serves."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import random
import secrets
import shlex
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gate.connection.carrier import Carrier
from gate.connection.ssh import Forward
from gate.contract.release import Environment
from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.rehearsal import warden
from gate.sources.rehearsal.environment import surrounded
from gate.target import Target

START_S, STOP_S, LIMIT_S = 30.0, 20.0, 120.0
VOICE = 32 * 1024
"""Characters of what a program said that are kept: the last ones."""
MODULES = ("kernel", "lines", "inside", "outside")
"""What is sent to the host, in the order of its loading."""
LOAD = """
import json, sys, types
given = json.load(sys.stdin)
for name, text in given["modules"]:
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, "/" + name.replace(".", "/") + ".py", "exec"), module.__dict__)
sys.exit(module.Outside(given["plan"]).run())
"""
FOLDER = """\
umask 077; folder=$(mktemp -d /tmp/gate-XXXXXXXXXXXX) || exit 1
printf %s "$folder"
"""
AWAIT = """\
turn=0
while [ ! -e {folder}/proof ] && [ ! -e {folder}/ended ] && [ -d {folder} ] && [ $turn -lt 500 ]; do
  sleep 0.05; turn=$((turn + 1))
done
cat {folder}/proof 2>/dev/null || :
"""
# Nobody but the gate needs the folder any more; and a gate that was killed does not come for it.
END = """\
status=$?; : >{folder}/ended; turn=0
[ $status != 141 ] || late=1
while [ ! "$late" ] && [ ! -e {folder}/stop ] && [ -d {folder} ] && [ $turn -lt 200 ]; do
  sleep 0.05; turn=$((turn + 1))
done
rm -rf -- {folder}; exit $status
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Program:
    """What is to be started.

    Attributes:
        command: For ``sh -c``; it listens on 127.0.0.1, port ``$PORT``.
        folder: Where it runs, as the host calls it.
        environment: What the contract gives it.
        own: What the rehearsal gives it.
        clone: ``host``, ``port``, ``user`` and ``database`` of the clone, as the host sees it.
        may_reach: ``host:port`` of what else it may reach.
    """

    command: str
    folder: str
    environment: Environment
    own: Mapping[str, str]
    clone: Mapping[str, Any]
    may_reach: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Running:
    """A program that was started.

    Attributes:
        port: Where it listens, inside the fence.
        way: Leads there.
        fence: What is known of its fence, in words; empty where there is none.
        ended: What it said, once it has ended.
        status: With what it ended by itself, once it did.
    """

    port: int
    way: Forward
    fence: str
    ended: list[str]
    status: list[int]


class NoFenceError(ObservationError):
    """There is none to be had on this host, or it could not be proven."""


@contextmanager
def running(
    program: Program, target: Target, carrier: Carrier, *, fenced: bool
) -> Iterator[Running]:
    """Have a program run; it is gone at the end.

    Args:
        program: What to start.
        target: Where.
        carrier: The way there.
        fenced: Whether it is started behind a fence alone.

    Raises:
        NoFenceError: There is no fence; nothing was started.
        ObservationError: It cannot be started.
    """
    made = carrier.run(FOLDER, deadline_s=10)
    folder = made.stdout.decode("utf-8", "replace").strip()
    if made.rc != 0 or not folder.startswith("/"):
        raise ObservationError("the host lends no folder for temporary files")
    port = _free_port(program)
    ended: list[str] = []
    status: list[int] = []
    script = _script(program, target, folder=folder, port=port, fenced=fenced)
    keep = threading.Thread(
        target=_keep, args=(script, carrier, ended, status), name="release", daemon=True
    )
    keep.start()
    where = shlex.quote(folder)
    try:
        told = carrier.run(AWAIT.format(folder=where), deadline_s=START_S).stdout
        proof = _proof(told)
        if proof is not None and (proof["fenced"] or not fenced):
            way = _way(folder, port, target, carrier)
            yield Running(port, way, str(proof["why"]), ended, status)
    finally:
        carrier.run(f"! [ -d {where} ] || : >{where}/stop", deadline_s=10, to_its_end=True)
        keep.join(STOP_S)
    if proof is None:
        said = " ".join(" ".join(ended).split())[-300:] or "nothing is known of it"
        raise NoFenceError(f"the program that builds it did not start: {said}")
    if fenced and not proof["fenced"]:
        raise NoFenceError(str(proof["why"]))


def _free_port(program: Program) -> int:
    """A port of the network inside, which nobody else uses; without a fence likely free as well."""
    taken = {str(program.clone["port"]), *(one.rpartition(":")[2] for one in program.may_reach)}
    return random.SystemRandom().choice(
        [one for one in range(20000, 30000) if str(one) not in taken]
    )


def _script(program: Program, target: Target, *, folder: str, port: int, fenced: bool) -> str:
    plan = {
        "folder": folder,
        "command": program.command,
        "cwd": program.folder,
        "port": port,
        "clone": dict(program.clone),
        "reach": [list(one.rsplit(":", 1)) for one in program.may_reach],
        "fenced": fenced,
        "limit_s": LIMIT_S - 5,
    }
    token = f"gate-{secrets.token_hex(8)}"
    lines = [
        f"python3 -I -c {shlex.quote(LOAD)} <<'{token}'",
        json.dumps({"modules": sources(), "plan": plan}),
        token,
    ]
    own = {**program.own, "PORT": str(port)}
    return "\n".join(
        [
            "exec 2>&1; late=; trap late=1 TERM",
            surrounded(program.environment, target, own, lines, kept=("SUDO_UID", "SUDO_GID")),
            END.format(folder=shlex.quote(folder)),
        ]
    )


def sources() -> list[tuple[str, str]]:
    """Names and texts of what is sent to the host."""
    folder = pathlib.Path(warden.__file__).parent
    return [
        (f"{warden.__name__}.{name}", (folder / f"{name}.py").read_text("utf-8"))
        for name in MODULES
    ]


def _keep(script: str, carrier: Carrier, ended: list[str], status: list[int]) -> None:
    try:
        output = carrier.run(script, deadline_s=LIMIT_S, to_its_end=True)
        status.append(output.rc)
        ended.append(known.tell(output.stdout.decode("utf-8", "replace"))[-VOICE:])
    except ObservationError as error:
        ended.append(str(error))


def _proof(told: bytes) -> dict[str, Any] | None:
    """What the host says of the fence; ``None`` where nothing got that far."""
    try:
        found: dict[str, Any] = json.loads(told)
    except ValueError:
        return None
    return found


def _way(folder: str, port: int, target: Target, carrier: Carrier) -> Forward:
    """Lead to the program's socket."""
    socket = f"{folder}/http"
    if target.host.startswith("local://"):
        return Forward(pathlib.Path(socket), socket, pathlib.Path("/dev/null"))
    return carrier.forward(socket, str(port))
