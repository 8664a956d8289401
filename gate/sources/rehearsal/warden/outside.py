"""Outside the fence: carries connections, keeps the time, ends everything."""

from __future__ import annotations

import array
import collections
import contextlib
import json
import os
import pathlib
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from gate.sources.rehearsal.warden.inside import Inside
from gate.sources.rehearsal.warden.lines import (
    PUBLIC,
    WAIT_S,
    admitted,
    connect,
    knock,
    listen,
    own_address,
    pump,
    sockets,
    spawn,
)

UNREAD = 141
"""Exit status where nobody reads any more, as a shell has it for SIGPIPE."""
VOICE = 64 * 1024
"""Bytes of the program's output that are kept: the last ones."""


class Unfenced(Exception):  # noqa: N818 - a state
    """There is no fence; the text says why."""


class Outside:
    """The part that stays outside: carries connections, keeps the time, ends everything."""

    def __init__(self, plan: dict[str, Any]) -> None:
        """Take over the plan."""
        self.plan = plan
        self.folder = pathlib.Path(plan["folder"])
        self.control, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.lock = threading.Lock()
        self.said: collections.deque[bytes] = collections.deque(maxlen=VOICE // 4096)
        self.bait: list[socket.socket] = []
        self.answered = 0
        self.owner = os.environ.pop("SUDO_UID", ""), os.environ.pop("SUDO_GID", "")
        self.child = 0

    def run(self) -> int:
        """Start, carry, and end; return the exit status."""
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        hidden = sockets()
        tcp, everywhere = listen("127.0.0.1"), listen("0.0.0.0")  # noqa: S104 - bait, for an address of the host that is not the loopback's
        path, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        path.bind(f"{self.folder}/outside")
        abstract.bind(f"\0{self.folder}/outside")
        for one in (path, abstract):
            one.listen(8)
        self.bait = [tcp, everywhere, path, abstract]
        self.plan["bait"] = {
            "tcp": ["127.0.0.1", tcp.getsockname()[1]],
            "address": [own_address(), everywhere.getsockname()[1]],
            "path": f"{self.folder}/outside",
            "abstract": f"\0{self.folder}/outside",
        }
        self.plan["hidden"] = [*hidden, f"{self.folder}/outside"]
        for kind, where in self.plan["bait"].items():  # a dead listener would prove nothing
            knock("unix" if kind in ("path", "abstract") else "tcp", where)
        self.answered = self.accepted()
        voice, theirs = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            status = 125
            try:
                self.control.close()
                os.setsid()
                for number in (1, 2):
                    os.dup2(theirs, number)
                status = Inside(self.plan, self.theirs).run()
            finally:
                os._exit(status)
        self.theirs.close()
        os.close(theirs)
        threading.Thread(target=self.listen_to, args=(voice,), daemon=True).start()
        try:
            return self.watch()
        finally:
            self.stop()
            with contextlib.suppress(OSError):
                os.write(1, b"".join(self.said)[-VOICE:])

    def watch(self) -> int:
        """Prove the fence, let the program go, and wait."""
        until = time.monotonic() + self.plan["limit_s"]
        reader = select.poll()
        reader.register(1, 0)  # an event is the end of whoever reads: the gate was killed
        if self.plan["fenced"]:
            try:
                self.take_listeners()
                proof = self.prove()
            except (OSError, Unfenced, ValueError) as error:
                self.tell({"fenced": False, "why": str(error)})
                return 126
        else:
            proof = ""
        self.serve()
        self.control.sendall(b"go")
        self.tell({"fenced": self.plan["fenced"], "why": proof})
        while time.monotonic() < until and not (self.folder / "stop").exists():
            ended, status = os.waitpid(self.child, os.WNOHANG)
            if ended:
                self.child = 0
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 125
            if not self.folder.is_dir():
                break
            if reader.poll(0):
                return UNREAD
            time.sleep(0.05)
        return 0

    def stop(self) -> None:
        """End everything inside; with the first process of its namespace they all go."""
        if self.child:
            with contextlib.suppress(OSError):
                os.killpg(self.child, signal.SIGTERM)
            self.control.close()
            until = time.monotonic() + WAIT_S
            while time.monotonic() < until:
                if os.waitpid(self.child, os.WNOHANG)[0]:
                    break
                time.sleep(0.02)
            else:
                os.killpg(self.child, signal.SIGKILL)
                os.waitpid(self.child, 0)
            with contextlib.suppress(OSError):
                os.killpg(self.child, signal.SIGKILL)
            self.child = 0

    def tell(self, what: dict[str, Any]) -> None:
        """Write what became of the fence."""
        (self.folder / "proof.part").write_text(json.dumps(what), "utf-8")
        (self.folder / "proof.part").replace(self.folder / "proof")

    def listen_to(self, voice: int) -> None:
        """Keep the last of what the program says."""
        while True:
            text = os.read(voice, 4096)
            if not text:
                return
            self.said.append(text)

    def message(self) -> tuple[dict[str, Any], list[socket.socket]]:
        """Receive what the inside says: JSON and, with it, perhaps sockets."""
        self.control.settimeout(WAIT_S * 2)
        numbers = array.array("i")
        data, ancillary, _, _ = self.control.recvmsg(65536, socket.CMSG_SPACE(64 * 4))
        for _, _, given in ancillary:
            numbers.frombytes(given[: len(given) - len(given) % numbers.itemsize])
        if not data:
            raise Unfenced("its first process ended: " + b"".join(self.said).decode()[-300:])
        told = json.loads(data)
        if "error" in told:
            raise Unfenced(told["error"])
        return told, [socket.socket(fileno=one) for one in numbers]

    def take_listeners(self) -> None:
        """Take the listeners of the inside, and carry what comes in."""
        _, listeners = self.message()
        clone = self.plan["clone"]
        for place, listener in zip([None, *self.plan["reach"]], listeners):  # noqa: B905 - Python 3.8
            way = (clone["host"], clone["port"]) if place is None else tuple(place)
            admit = clone["database"].encode() if place is None else None
            spawn(self.carry, listener, lambda way=way: connect(*way), admit)

    def prove(self) -> str:
        """Have a probe inside try everything; return what it found, in words."""
        self.control.sendall(b"probe")
        found = self.message()[0]["found"]
        broken = [f"{what} was reached" for what, reached in found["outside"].items() if reached]
        if self.accepted() != 0:
            broken.append("a listener outside was reached")
        if self.answered != len(self.bait):
            broken.append("the listeners outside cannot be reached from outside either")
        if found["clone"] != "R":
            broken.append(f"the clone was not reached: {found['clone']}")
        if found["other"] != "E":
            broken.append("another database of the clone's server was reached")
        if broken:
            raise Unfenced("; ".join(broken))
        return (
            "network namespace; tried from inside before it was started: listeners outside on "
            f"127.0.0.1, on {self.plan['bait']['address'][0]} and on unix sockets refused, "
            f"{PUBLIC} unreachable, the clone reached and no other database of its server"
        )

    def accepted(self) -> int:
        """How many connections came to the listeners outside since they were asked last."""
        count = 0
        for one in self.bait:
            one.setblocking(False)
            with contextlib.suppress(OSError):
                one.accept()[0].close()
                count += 1
        return count

    def serve(self) -> None:
        """Lead the socket in the private folder to the program."""
        path = f"{self.folder}/http"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(64)
        user, group = self.owner
        if user:  # whoever came here by sudo connects as himself
            for one in (path, self.folder):
                os.chown(one, int(user), int(group or -1))
        spawn(self.carry, listener, self.into, None)

    def into(self) -> socket.socket:
        """A connection to the program."""
        line = self.new_socket() if self.plan["fenced"] else socket.socket()
        line.settimeout(WAIT_S)
        line.connect(("127.0.0.1", self.plan["port"]))
        line.settimeout(None)
        return line

    def new_socket(self) -> socket.socket:
        """A socket of the network inside."""
        with self.lock:
            self.control.sendall(b"socket")
            return self.message()[1][0]

    def carry(
        self,
        listener: socket.socket,
        connect_to: Callable[[], socket.socket],
        database: bytes | None,
    ) -> None:
        """Carry every connection of a listener to where it is for."""
        listener.setblocking(True)
        while True:
            client, _ = listener.accept()
            spawn(self.one, client, connect_to, database)

    def one(
        self,
        client: socket.socket,
        connect_to: Callable[[], socket.socket],
        database: bytes | None,
    ) -> None:
        """Carry one connection."""
        client.setblocking(True)
        try:
            first = admitted(client, database) if database is not None else b""
            if first is None:
                client.close()
                return
            server = connect_to()
            server.sendall(first)
        except OSError:
            client.close()
            return
        spawn(pump, client, server)
        pump(server, client)
