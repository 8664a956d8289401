"""A stand-in for what the application reaches outside: its mailbox, its mail relay, its webhooks.

Faked: nothing is delivered, and there is one letter in the mailbox. Real: the protocols (IMAP,
SMTP, HTTP) as far as Python's standard clients speak them. Whoever comes is written down, one line
of JSON each, so that it can be told whether somebody read the mailbox or sent mail.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LETTER = b"From: carla@north.example\r\nSubject: Help\r\n\r\nPlease help.\r\n"
LOG = {"file": pathlib.Path("/dev/null")}
LOCK = threading.Lock()
LINE = 8192


def told(what: str, **more: object) -> None:
    """Write down who came."""
    line = json.dumps({"at": time.time(), "what": what, **more})
    with LOCK, LOG["file"].open("a", encoding="utf-8") as file:
        file.write(line + "\n")


class Imap(socketserver.StreamRequestHandler):
    """A mailbox that anybody may read; what is read is marked as seen."""

    timeout = 30

    def say(self, text: str) -> None:
        """Send a line."""
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        """Answer until the client logs out."""
        self.say("* OK ready")
        while line := self.rfile.readline(LINE).decode("utf-8", "replace").strip():
            tag, _, rest = line.partition(" ")
            verb = rest.partition(" ")[0].upper()
            if verb == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1")
            elif verb == "SELECT":
                self.say("* 1 EXISTS")
            elif verb == "SEARCH":
                told("mailbox read")
                self.say("* SEARCH 1")
            elif verb == "FETCH":
                told("letter marked as seen")
                self.say(f"* 1 FETCH (RFC822 {{{len(LETTER)}}}")
                self.wfile.write(LETTER)
                self.say(")")
            elif verb == "LOGOUT":
                self.say("* BYE")
            self.say(f"{tag} OK {verb} done")
            if verb == "LOGOUT":
                return


class Smtp(socketserver.StreamRequestHandler):
    """A relay that takes every letter and keeps none."""

    timeout = 30

    def say(self, text: str) -> None:
        """Send a line."""
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        """Answer until the client quits."""
        self.say("220 ready")
        to = ""
        while line := self.rfile.readline(LINE).decode("utf-8", "replace").strip():
            verb = line.partition(" ")[0].upper()
            if verb == "RCPT":
                to = line.partition(":")[2].strip("<> ")
            if verb == "DATA":
                self.say("354 go on")
                while self.rfile.readline(LINE) not in (b".\r\n", b""):
                    pass
                told("mail sent", to=to)
            self.say("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return


class Webhook(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Log no request."""

    def do_POST(self) -> None:
        """Write it down."""
        self.rfile.read(int(self.headers.get("content-length", "0")))
        told("webhook called", path=self.path)
        self.send_response(204)
        self.send_header("content-length", "0")
        self.end_headers()


class Server(socketserver.ThreadingTCPServer):
    """One that may be started again at once."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imap", type=int, default=1143)
    parser.add_argument("--smtp", type=int, default=2525)
    parser.add_argument("--webhook", type=int, default=8025)
    parser.add_argument("--log", type=pathlib.Path, default=LOG["file"])
    options = parser.parse_args()
    LOG["file"] = options.log
    ThreadingHTTPServer.daemon_threads = True
    servers = (
        Server(("127.0.0.1", options.imap), Imap),
        Server(("127.0.0.1", options.smtp), Smtp),
        ThreadingHTTPServer(("127.0.0.1", options.webhook), Webhook),
    )
    for one in servers[1:]:
        threading.Thread(target=one.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
