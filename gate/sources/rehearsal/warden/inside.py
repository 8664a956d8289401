"""Inside the fence: its first process, which builds it, tries it, and starts the program."""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import pathlib
import select
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Any

from gate.sources.rehearsal.warden.kernel import (
    BIND,
    PRIVATE_ALL,
    die_with_parent,
    enter,
    give_up,
    mount,
)
from gate.sources.rehearsal.warden.lines import PUBLIC, WAIT_S, knock


class Inside:
    """The part that goes inside, and becomes the first process there."""

    def __init__(self, plan: dict[str, Any], control: socket.socket) -> None:
        """Take over the plan and the line to the outside."""
        self.plan, self.control = plan, control

    def run(self) -> int:
        """Go inside and serve the outside until it ends; return the exit status."""
        die_with_parent()
        if not self.plan["fenced"]:
            return self.attend()
        try:
            enter()
        except OSError as error:
            self.say({"error": f"no network namespace can be had: {error.strerror}"})
            return 126
        first = os.fork()
        if first:
            self.control.close()
            signal.signal(signal.SIGTERM, lambda *_: os.kill(first, signal.SIGTERM))
            return os.WEXITSTATUS(os.waitpid(first, 0)[1])
        status = 125
        try:
            die_with_parent()
            try:
                listeners = self.furnish()
            except OSError as error:
                self.say({"error": f"the fence cannot be built: {error}"})
                os._exit(126)
            self.say({}, listeners)
            status = self.attend()
        finally:
            os._exit(status)

    def say(self, what: dict[str, Any], sent: Sequence[socket.socket] = ()) -> None:
        """Tell the outside something, and hand it sockets."""
        numbers = array.array("i", [one.fileno() for one in sent])
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, numbers)] if sent else []
        self.control.sendmsg([json.dumps(what).encode()], rights)

    def furnish(self) -> list[socket.socket]:
        """Make the network, the names and the file system of the inside."""
        mount(None, "/", None, PRIVATE_ALL)
        with contextlib.suppress(OSError):  # refused in some containers; no signal leaves anyway
            mount("proc", "/proc", "proc")
        with socket.socket() as line:
            flags = struct.pack("16sh14x", b"lo", 0x1 | 0x40)
            fcntl.ioctl(line, 0x8914, flags)  # SIOCSIFFLAGS: up, running
        for path in self.plan["hidden"]:
            if os.path.lexists(path):
                mount("/dev/null", path, None, BIND)
        inside = (os.path.realpath(one) + "/" for one in (self.plan["cwd"], self.plan["folder"]))
        if not any(one.startswith("/run/") for one in inside):
            mount("none", "/run", "tmpfs")
        names, listeners = ["127.0.0.1 localhost", "::1 localhost"], []
        places = [("127.0.0.1", self.plan["clone"]["port"])]
        for number, (host, port) in enumerate(self.plan["reach"]):
            places.append((self.address(host, number, names), port))
        for address, port in places:
            listener = socket.socket()
            listener.bind((address, int(port)))
            listener.listen(64)
            listeners.append(listener)
        if len(names) > 2:  # noqa: PLR2004 - more than localhost
            pathlib.Path("/run/hosts").write_text("\n".join(names) + "\n", "utf-8")
            mount("/run/hosts", "/etc/hosts", None, BIND)
        return listeners

    def address(self, host: str, number: int, names: list[str]) -> str:
        """Where a host is found inside."""
        if host == "localhost":
            return "127.0.0.1"
        try:
            socket.inet_aton(host)
        except OSError:
            address = f"127.77.0.{number + 1}"
            names.append(f"{address} {host}")
            return address
        if not host.startswith("127."):
            with socket.socket() as line:
                given = struct.pack(
                    "16sHH4s8x", f"lo:{number}".encode(), socket.AF_INET, 0, socket.inet_aton(host)
                )
                fcntl.ioctl(line, 0x8916, given)  # SIOCSIFADDR
        return host

    def attend(self) -> int:
        """Do what the outside asks for, until the program or the outside has ended."""
        program = 0
        while True:
            if select.select([self.control], [], [], 0.05)[0]:
                asked = self.control.recv(64)
                if asked == b"socket":
                    with socket.socket() as line:
                        self.say({}, [line])
                elif asked == b"probe":
                    self.say({"found": self.probe()})
                elif asked == b"go":
                    program = os.fork()
                    if program == 0:
                        self.start()
                else:
                    return 0
            with contextlib.suppress(ChildProcessError):
                ended, status = os.waitpid(-1, os.WNOHANG)
                if ended and ended == program:
                    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 125

    def bare(self) -> None:
        """Give up what could undo the fence, for ever."""
        self.control.close()
        if self.plan["fenced"]:
            give_up()

    def start(self) -> None:
        """Become the program."""
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            self.bare()
            os.chdir(self.plan["cwd"])
            os.execv("/bin/sh", ["sh", "-c", self.plan["command"]])  # noqa: S606 - after its rights are gone
        except OSError as error:
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
        finally:
            os._exit(125)

    def probe(self) -> Any:
        """Try, as the program would, what must not work and what must."""
        reads, writes = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self.bare()
                os.write(writes, json.dumps(tried(self.plan)).encode())
            finally:
                os._exit(0)
        os.close(writes)
        with os.fdopen(reads, "rb") as file:
            text = file.read()
        os.waitpid(pid, 0)
        return json.loads(text)


def tried(plan: dict[str, Any]) -> dict[str, Any]:
    """What a probe inside reached."""
    bait, clone = plan["bait"], plan["clone"]
    outside = {
        "a listener outside on 127.0.0.1": knock("tcp", bait["tcp"]),
        "a listener outside on the host's address": knock("tcp", bait["address"]),
        "a unix socket outside": knock("unix", bait["path"]),
        "an abstract socket outside": knock("unix", bait["abstract"]),
        PUBLIC: knock("tcp", [PUBLIC, 443]),
        f"{PUBLIC} by UDP": knock("udp", [PUBLIC, 53]),
    }
    user = clone["user"]
    return {
        "outside": outside,
        "clone": asked(clone["port"], user, clone["database"]),
        "other": asked(clone["port"], user, clone["database"] + "_other"),
    }


def asked(port: int, user: str, database: str) -> str:
    """What a server answers to the beginning of a session: ``R`` asks who it is, ``E`` refuses."""
    words = b"\0".join(one.encode() for one in ("user", user, "database", database)) + b"\0\0"
    try:
        with socket.create_connection(("127.0.0.1", int(port)), WAIT_S) as line:
            line.sendall(struct.pack("!II", len(words) + 8, 3 << 16) + words)
            return line.recv(1).decode("ascii", "replace") or "it hung up"
    except OSError as error:
        return str(error)
