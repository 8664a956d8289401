"""Lines about UDP sockets: of ``ss -n``, and of the kernel's own list."""

from __future__ import annotations

import ipaddress
import re


def is_open(line: str, port: int) -> bool:
    """Whether a line of ``ss`` is a socket on a port that takes from anybody: no client's of it."""
    return re.match(rf"(\S+\s+){{3}}\S*:{port}\s+\S*:\*(\s|$)", line) is not None


def address(text: str) -> str:
    """An address as the kernel has it: words of 32 bits, each in the processor's own order."""
    words = (bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    found = ipaddress.ip_address(b"".join(words))
    return "*" if found.is_unspecified else str(found)


def local(line: str) -> str:
    """The address in a line of ``ss``; what is none as it stands there."""
    bare = line.split()[3].rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        return "*" if ipaddress.ip_address(bare).is_unspecified else bare
    except ValueError:
        return bare
