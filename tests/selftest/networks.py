"""A network of its own with a firewall in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

READY_S = 10.0


@contextmanager
def with_rules(rules: str) -> Iterator[str]:
    """The words that lead into a network with these rules; skips where none can be had."""
    if os.geteuid() != 0:
        pytest.skip("a network of its own needs root")
    words = ["unshare", "-n", "sh", "-c", "echo ready; read -r _"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:  # noqa: S603
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b"ready\n"
        inside = f"nsenter -t {keeper.pid} -n"
        done = within(inside, "nft -f -", rules)
        if done.returncode:
            keeper.communicate(b"\n", timeout=READY_S)
            pytest.skip(f"this kernel has no nftables: {done.stderr[:200]}")
        yield inside
        keeper.communicate(b"\n", timeout=READY_S)


def within(network: str, command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in the network."""
    words = [*network.split(), *command.split()]
    return subprocess.run(  # noqa: S603
        words, input=text, text=True, capture_output=True, check=False, timeout=READY_S
    )
