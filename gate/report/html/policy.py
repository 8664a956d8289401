"""What the page may do: its own style sheet and its own script, by their digests, and no more."""

from __future__ import annotations

import base64
import hashlib

from gate.report.html.script import SCRIPT
from gate.report.html.style import STYLE


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; script-src 'sha256-{_digest(SCRIPT)}'; "
    f"style-src 'sha256-{_digest(STYLE)}'; base-uri 'none'; form-action 'none'"
)
