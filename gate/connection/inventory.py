"""An Ansible inventory: which host a name means, and the way that leads there without Ansible."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import testinfra
from testinfra.utils.ansible_runner import AnsibleRunner, is_empty_inventory

from gate.connection.exchange import Bounds, TooMuch, exchange
from gate.environment import environment

PROGRAM = "ansible-inventory"
WAYS = {
    "ssh": "ssh",
    "smart": "ssh",
    "ansible.builtin.ssh": "ssh",
    "local": "local",
    "ansible.builtin.local": "local",
    "docker": "docker",
    "community.docker.docker": "docker",
    "podman": "podman",
    "containers.podman.podman": "podman",
}
"""The ways that can be carried, by what Ansible calls them (``ansible_connection``)."""
MOST = 32 << 20
"""How many bytes an inventory may be printed with."""
NO_LINE = b"\n\0"
"""What no line begins with: it is read to its end."""
QUOTED = 3
"""How many of the last lines are quoted that the program said."""


def native(backend: Any, *, deadline_s: float) -> Any:
    """Return the ssh, local, docker or podman backend that an inventory describes.

    Args:
        backend: testinfra's own for ``ansible://``; names the host and the inventory.
        deadline_s: How long an inventory that is a program may take.

    Raises:
        ValueError: There is no such host, no such way, or no inventory; the text says which.
    """
    return read_native(backend, *_printed(backend.ansible_inventory, deadline_s))


def read_native(backend: Any, text: str, said: str = "") -> Any:
    """The same of an inventory that Ansible has printed.

    Args:
        backend: As `native` takes it.
        text: What was printed, in JSON.
        said: What was complained of meanwhile.

    Raises:
        ValueError: As `native` does.
    """
    try:
        return _native(backend, text, said)
    except (AssertionError, AttributeError, LookupError, RecursionError, TypeError) as error:
        said = f"{type(error).__name__}: {error}"
        raise ValueError(f"its inventory is not like one of Ansible's ({said})") from error


def _native(backend: Any, text: str, said_of_it: str) -> Any:
    runner = AnsibleRunner(backend.ansible_inventory)
    runner.inventory = json.loads(text)
    if is_empty_inventory(runner.inventory):
        raise ValueError(f"its inventory holds no host: {said_of_it}")
    name = _one(runner, backend.host)
    said = runner.get_variables(name)
    asked = said.get("ansible_connection", "ssh")
    way = WAYS.get(asked)
    if way is None:
        ways = ", ".join(sorted(set(WAYS.values())))
        raise ValueError(f"the ansible_connection of {name} is {asked!r}: not one of {ways}")
    if way == "podman":  # testinfra does not know it from an inventory
        user = f"{said['ansible_user']}@" if "ansible_user" in said else ""
        return testinfra.get_host(f"podman://{user}{said.get('ansible_host', name)}").backend
    said["ansible_connection"] = way
    # A key opens the way, or nothing does: a password would show in the list of processes.
    said.pop("ansible_ssh_pass", None)
    found = runner.get_host(
        name, ssh_config=backend.ssh_config, ssh_identity_file=backend.ssh_identity_file
    ).backend
    if way == "ssh":
        shlex.split(found.ssh_extra_args)  # told here, where it is known whose words they are
    return found


def _one(runner: AnsibleRunner, name: str) -> str:
    """The one host that a name means: its own, or that of a group with a single host."""
    hosts: list[str] = runner.get_hosts(name)
    if len(hosts) == 1:
        return hosts[0]
    if hosts:
        raise ValueError(f"{name} means {len(hosts)} hosts: name one of {', '.join(hosts)}")
    known = ", ".join(runner.get_hosts()) or "none"
    raise ValueError(f"its inventory has neither a host nor a group {name}; its hosts: {known}")


def _printed(file: str | None, deadline_s: float) -> tuple[str, str]:
    """Everything that Ansible itself reads from an inventory, and what it complains of."""
    done = _run([_program(), "--list", *(["-i", file] if file else [])], deadline_s)
    said = " ".join(" ".join(done.stderr.strip().splitlines()[-QUOTED:]).split())
    if done.returncode != 0:
        raise ValueError(f"{PROGRAM} exited with {done.returncode}: {said}")
    return done.stdout, said


def _program() -> str:
    """Ansible's program: on the PATH, or in an environment that is not activated."""
    here = pathlib.Path(sys.executable).parent
    program = shutil.which(PROGRAM) or shutil.which(PROGRAM, path=str(here))
    if program is None:
        raise ValueError(
            f"an ansible:// host needs {PROGRAM}, which is neither on the PATH nor in {here}: "
            f"install ansible-core"
        )
    return program


def _run(words: list[str], deadline_s: float) -> subprocess.CompletedProcess[str]:
    """Run it to its end; an inventory can be a program that waits for ever."""
    never = threading.Event()
    with subprocess.Popen(  # noqa: S603 - Ansible's own program
        words,
        env=environment("ansible", ANSIBLE_VERBOSITY="0"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            bounds = Bounds(time.monotonic() + deadline_s, never, MOST)
            out, err = exchange(process, b"", NO_LINE, bounds)
            process.wait(deadline_s)
        except (TimeoutError, subprocess.TimeoutExpired):
            raise ValueError(f"{PROGRAM}: no answer within {deadline_s:g} s") from None
        except TooMuch:
            raise ValueError(f"{PROGRAM}: it printed more than {MOST >> 20} MiB") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    said = (out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
    return subprocess.CompletedProcess(words, process.returncode, *said)
