"""Unpack a body as it comes, never more of it than may be kept."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

from gate.secrets import known

GZIP, ZLIB, RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
ASKED = "gzip, deflate"
"""What a request accepts; nothing else is unpacked."""


class Inflater:
    """Collects a body, unpacked as its ``Content-Encoding`` says.

    Args:
        headers: Of the answer, names in lower case.
        max_bytes: More than this is not kept.
    """

    def __init__(self, headers: Iterable[tuple[str, str]], max_bytes: int) -> None:
        """Begin with nothing."""
        named = ",".join(value for name, value in headers if name == "content-encoding")
        self._coding = re.sub(r"\s", "", named).lower()
        self._body, self._max, self.unread = bytearray(), max_bytes, ""
        self._came = 0
        self._engine = None
        if self._coding in ("gzip", "x-gzip"):
            self._engine = zlib.decompressobj(GZIP)
        elif self._coding not in ("", "identity", "deflate"):
            self.unread = (
                f"it is packed as {known.first(self._coding, 40)!r}, which was not asked for"
            )

    def feed(self, piece: bytes) -> bool:
        """Take a piece; false where no further one is of use."""
        if self.unread:
            return False
        self._came += len(piece)
        if self._coding == "deflate" and self._engine is None and piece:
            # "deflate" is meant to be zlib's format (RFC 9110, 8.4.1.2), and often is raw.
            is_zlib = piece[0] & 0x0F == zlib.DEFLATED and piece[0] >> 4 <= 7  # noqa: PLR2004
            self._engine = zlib.decompressobj(ZLIB if is_zlib else RAW)
        try:
            more = self._engine.decompress(piece, self._left()) if self._engine else piece
        except zlib.error as error:
            self.unread = f"it is no {self._coding}: {error}"
            return False
        self._body += more
        if len(self._body) > self._max:
            self.unread = f"more than {self._max:,} bytes"
        return not self.unread

    def end(self) -> tuple[bytes, str]:
        """Return what came, and why it is not whole (then nothing is kept of it).

        What has no body at all may say how it would be packed, as an answer to HEAD does.
        """
        if self._engine is not None and self._came and not self._engine.eof and not self.unread:
            self.unread = f"its {self._coding} ends in the middle"
        return (b"", self.unread) if self.unread else (bytes(self._body), "")

    def _left(self) -> int:
        return self._max + 1 - len(self._body)
