"""A stand-in for Prometheus' node exporter: real figures of this machine, but only a few.

Faked: the program and its version, and all but a handful of its metrics. Real: the figures, read
from ``/proc`` at every request, and the text format.
"""

from __future__ import annotations

import argparse
import os
import pathlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VERSION = "1.8.2"


def metrics() -> str:
    """The metrics of this moment, in Prometheus text."""
    load = os.getloadavg()
    memory = {
        name: int(rest.split()[0]) * 1024
        for name, _, rest in (
            line.partition(":")
            for line in pathlib.Path("/proc/meminfo").read_text("utf-8").splitlines()
        )
        if name in {"MemTotal", "MemAvailable"}
    }
    boot = next(
        line.split()[1]
        for line in pathlib.Path("/proc/stat").read_text("utf-8").splitlines()
        if line.startswith("btime")
    )
    disk = os.statvfs("/")
    system = os.uname()
    lines = [
        *(f"node_load{span} {value}" for span, value in zip((1, 5, 15), load, strict=True)),
        *(f"node_memory_{name}_bytes {value}" for name, value in memory.items()),
        f"node_boot_time_seconds {boot}",
        f'node_filesystem_avail_bytes{{mountpoint="/"}} {disk.f_bavail * disk.f_frsize}',
        f'node_uname_info{{nodename="{system.nodename}",release="{system.release}"}} 1',
    ]
    return "\n".join(lines) + "\n"


class Handler(BaseHTTPRequestHandler):
    """Serves ``/metrics``."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its signature
        """Log no request."""

    def do_GET(self) -> None:
        """Answer with the metrics."""
        data = metrics().encode() if self.path == "/metrics" else b"not found\n"
        self.send_response(200 if self.path == "/metrics" else 404)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument(
        "--version", action="version", version=f"node_exporter, version {VERSION} (stand-in)"
    )
    options = parser.parse_args()
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer((options.host, options.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
