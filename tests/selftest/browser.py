"""A page as a person has it: headless Chromium, driven by its DevTools protocol over a pipe.

Nothing but loopback could answer it, and whatever a page asks for is noted.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

WITHIN_S = 60.0
"""Until an answer, or what is waited for, has to be there."""
NOTHING: Mapping[str, Any] = {}
OWN = ("file:", "data:", "blob:", "about:")
"""Where a page may take things from without asking anybody."""
LAUNCH = """
import fcntl, os, sys
to_it, its_out = (fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3])
os.dup2(to_it, 3)
os.dup2(its_out, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""It reads descriptor 3 and writes descriptor 4."""
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)


def chromium() -> str | None:
    """Where it is; ``None`` where it is not installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


class Browser:
    """One page in one browser.

    Attributes:
        requests: Every address that the page, or a frame in it, asked for, and was let to.
        said: What was written to the console, raised, or asked in a dialog.
    """

    def __init__(self, to: int, out: int) -> None:
        """Speak by these two ends of pipes."""
        self._to, self._out = to, out
        self._kept, self._number, self._session = b"", 0, ""
        self._frames_apart: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self.requests: list[str] = []
        self.said: list[str] = []

    def begin(self) -> None:
        """Open an empty page, and note what it does."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = session
        for one in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{one}.enable")
        self.ask(
            "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True
        )

    def ask(self, method: str, *, session: str = "", **params: Any) -> dict[str, Any]:
        """Ask for something, of the page or of a frame with a process of its own; wait for it.

        Raises:
            AssertionError: There is none, or it says that this cannot be done.
        """
        number = self._tell(method, session, params)
        until = time.monotonic() + WITHIN_S
        while True:
            found = self._read(until)
            if found.get("id") == number:
                assert "error" not in found, f"{method}: {found['error']}"
                return dict(found["result"])
            self._note(found)

    def _tell(self, method: str, session: str = "", params: Mapping[str, Any] = NOTHING) -> int:
        """Say something; returns the number of the answer, which may be left unread."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": {**params}}
        if session or self._session:
            message["sessionId"] = session or self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        return self._number

    def _read(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._kept:
            assert time.monotonic() < until, "the browser does not answer"
            chunk = os.read(self._out, 1 << 20)
            assert chunk, "the browser has ended"
            self._kept += chunk
        text, _, self._kept = self._kept.partition(b"\0")
        return dict(json.loads(text))

    def _note(self, event: Mapping[str, Any]) -> None:
        given = event.get("params", {})
        method = event.get("method")
        if method == "Network.requestWillBeSent":
            self._addresses[given["requestId"]] = given["request"]["url"]
            self.requests.append(given["request"]["url"])
        elif method == "Network.loadingFailed" and given.get("blockedReason") == "csp":
            with contextlib.suppress(ValueError):  # which the page's own policy let nobody ask
                self.requests.remove(self._addresses.get(given["requestId"], ""))
        elif method == "Target.attachedToTarget":
            session = given["sessionId"]
            self._frames_apart[session] = given["targetInfo"]["targetId"]
            for one in ("Network.enable", "Log.enable", "Runtime.runIfWaitingForDebugger"):
                self._tell(one, session)
        elif method == "Target.detachedFromTarget":
            self._frames_apart.pop(given["sessionId"], None)
        elif method == "Page.javascriptDialogOpening":
            self.said.append(f"dialog: {given['message']}")
            self._tell("Page.handleJavaScriptDialog", params={"accept": True})
        elif method == "Runtime.exceptionThrown":
            details = given["exceptionDetails"]
            self.said.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded":
            self.said.append(given["entry"]["text"])

    @property
    def asked_others(self) -> list[str]:
        """Addresses that are no part of the page itself."""
        return [one for one in self.requests if not one.startswith(OWN)]

    def open(self, page: pathlib.Path, *, place: str = "") -> None:
        """Open a file from the disk, at a place in it."""
        self.ask("Page.navigate", url="about:blank")
        self.ask("Page.navigate", url=f"{page.as_uri()}{place}")

    def look_like(self, *, width: int, height: int = 900, scheme: str = "light") -> None:
        """Have a window of this size, for somebody who likes it light or dark."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media="", features=features)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        found = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script: str, within_s: float = WITHIN_S) -> Any:
        """Wait until an expression holds in the page; returns its value.

        Raises:
            AssertionError: It does not in time.
        """
        until = time.monotonic() + within_s
        while not (value := self.run(script)):
            assert time.monotonic() < until, f"not in time: {script}\n{self.text[:2000]}"
            time.sleep(0.05)
        return value

    def wait_for_text(self, *words: str) -> None:
        """Wait until words can be read, whatever blanks are between them.

        Raises:
            AssertionError: They cannot in time.
        """
        until = time.monotonic() + WITHIN_S
        wanted = [" ".join(one.split()) for one in words]
        while missing := [
            one for one in wanted if one not in (told := " ".join(self.text.split()))
        ]:
            assert time.monotonic() < until, f"not to be read: {missing}\n{told[:3000]}"
            time.sleep(0.05)

    @property
    def text(self) -> str:
        """Everything that a person could read on the page, its frames included."""
        found = [str(self.run(_TEXT) or "")]
        for session in [*self._frames_apart]:
            with contextlib.suppress(AssertionError):  # it went away
                told = self.ask("Runtime.evaluate", session=session, expression=_TEXT)
                found.append(str(told["result"].get("value", "")))
        return "\n".join(found)

    def picture(self, file: pathlib.Path) -> None:
        """Keep what is seen as a PNG."""
        found = self.ask("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(found["data"]))


_TEXT = 'document.body ? document.body.innerText : ""'


@contextlib.contextmanager
def browser(folder: pathlib.Path) -> Iterator[Browser]:
    """Have a browser, with a profile in this folder; it is ended with the block."""
    program = chromium()
    assert program is not None
    to_it, ours = os.pipe()
    our_out, its_out = os.pipe()
    home = folder / "browser"
    home.mkdir(exist_ok=True)
    command = [program, *FLAGS, f"--user-data-dir={home}/profile", "about:blank"]
    launched = [sys.executable, "-c", LAUNCH, str(to_it), str(its_out), *command]
    started = subprocess.Popen(  # noqa: S603 - Debian's browser
        launched,
        pass_fds=(to_it, its_out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(home)},
    )
    os.close(to_it)
    os.close(its_out)
    try:
        found = Browser(ours, our_out)
        found.begin()
        yield found
    finally:
        os.close(ours)  # which it takes as its end
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
        os.close(our_out)
