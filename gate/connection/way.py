"""The command that leads to a target's shell, as words: no shell of this side reads any of them.

testinfra knows what a host spec or an inventory means; how it would run a command is a line for a
shell, in which a name such as ``$(…)`` would be one. So its backends are read, and not run.
"""

from __future__ import annotations

import getopt
import re
import shlex
from collections.abc import Sequence
from typing import Any

from gate import host_spec

SHELL = "sh"
ALONE = "46AaCfGgKkMNnqsTtVvXxYy"
WITH_WORD = "BbcDEeFIiJLlmOoPpQRSWw"
"""Options of ``ssh(1)``: those that stand alone, and those with a word behind them."""
NOT_ITS_OWN = frozenset(f"-{letter}" for letter in "EIMNOQSVWGf")
"""Options that load a library, write a file, or end in something else than a shell."""
RUNS = frozenset(
    {"localcommand", "knownhostscommand", "pkcs11provider", "securitykeyprovider", "xauthlocation"}
)
"""Settings that have ssh run a program, or load one, on this side."""
JUMP = re.compile(r"ssh(?: +(?:\"[\w@%:./=,+\[\]-]+\"|[\w@%:./=,+\[\]-]+))+")
"""The only ProxyCommand that is taken: an ssh to another host, as it stood before ProxyJump."""


def words(backend: Any, ssh: Sequence[str] = ()) -> list[str]:
    """Return the command that runs a shell on the target and feeds it our standard input.

    Args:
        backend: testinfra's, for one of the ways that `check` knows.
        ssh: The command that leads to the host, where it is reached by ssh.
    """
    way = backend.get_connection_type()
    if way == "local":
        return [SHELL]
    if way == "ssh":
        return [*ssh, SHELL]
    if way == "kubectl":
        found = ["kubectl"]
        for option in ("kubeconfig", "context", "namespace"):
            value = getattr(backend, option)
            found += [f"--{option}={value}"] if value is not None else []
        inside = [f"--container={backend.container}"] if backend.container is not None else []
        return [*found, "exec", "-i", *inside, backend.name, "--", "/bin/sh", "-c", SHELL]
    user = ["-u", backend.user] if backend.user is not None else []
    return [way, "exec", "-i", *user, backend.name, "/bin/sh", "-c", SHELL]


def check(backend: Any) -> None:
    """Refuse a backend with pieces that are more than names, wherever they were read.

    Raises:
        ValueError: No way that can be carried, or a piece that could be a command.
    """
    way = backend.get_connection_type()
    if way == "ssh":
        port = None if backend.host.port is None else str(backend.host.port)
        host_spec.reach(backend.host.name, backend.host.user, port)
        _options(shlex.split(backend.ssh_extra_args or ""))
    elif way in ("docker", "podman"):
        host_spec.container(backend.name, backend.user)
    elif way == "kubectl":
        host_spec.container(backend.name, None, pods=True)
    elif way != "local":
        raise ValueError(f"{way} is no way that can be carried")


def _options(given: list[str]) -> None:
    """Refuse options of ssh that run something on this side, or lead elsewhere."""
    try:
        options, rest = getopt.getopt(given, ALONE + "".join(f"{one}:" for one in WITH_WORD))
    except getopt.GetoptError as error:
        raise ValueError(f"its options for ssh: {error}") from error
    if rest:
        raise ValueError(f"its options for ssh hold {rest[0]!r}, which is none")
    for option, value in options:
        if option in NOT_ITS_OWN:
            raise ValueError(f"its options for ssh hold {option}")
        key, _, setting = re.sub(r"\s*=\s*|\s+", "=", value.strip(), count=1).partition("=")
        key = key.lower()
        if option == "-o" and (key in RUNS or (key == "proxycommand" and not _jumps(setting))):
            raise ValueError(
                f"its options for ssh would run a program on this side ({key}): say ProxyJump"
            )


def _jumps(command: str) -> bool:
    """Whether a ProxyCommand is none, or nothing but an ssh to another host."""
    if command.lower() == "none":
        return True
    return bool(JUMP.fullmatch(command.strip())) and "command" not in command.lower()
