"""What a broken promise says: what is wrong, what was promised and by whom, where to look."""

from __future__ import annotations

import dataclasses

from gate.kinds.finding import Finding

FOUND = Finding(promised="listening", seen="closed", id="port.x", source="ports.toml")


def test_a_promise_that_is_kept() -> None:
    """Nothing is broken; what is odd is said beside, and breaks nothing."""
    assert FOUND.holds
    assert dataclasses.replace(FOUND, warnings=("odd",)).holds


def test_a_promise_that_is_broken() -> None:
    """All that is wrong in the first line, then one line each; no line for a look that is none."""
    broken = dataclasses.replace(FOUND, broken=("nothing listens", "it is old"))
    words = [
        "port.x: nothing listens; it is old",
        "  promised: listening",
        "  seen: closed",
        "  promised by: ports.toml",
    ]
    assert not broken.holds
    assert broken.message.splitlines() == words
    looked = dataclasses.replace(broken, look="ss -Hltnp").message
    assert looked.splitlines() == [*words, "  look at: ss -Hltnp"]
