"""How far a run is: a live line on a terminal, a line now and then in a log."""

from __future__ import annotations

import threading
import time

from typing_extensions import Self

from gate.run.voice import Voice
from gate.under_way import running

AFTER_S = 2.0
"""What is over sooner is not told of."""
LOG_S = 15.0
"""So often a line stands in a log."""
TICK_S = 0.5
MOST = 3
"""So many of what runs side by side are told of."""


class Progress:
    """Tells what is under way, while it is entered; it is said by a thread of its own."""

    def __init__(self, voice: Voice) -> None:
        """Take over who speaks."""
        self._voice = voice
        self._text, self._since, self._logged = "", 0.0, 0.0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, text: str) -> None:
        """Say what is done from now on."""
        self._text = text
        self._since = self._logged = time.monotonic()

    def __enter__(self) -> Self:
        """Begin to tell."""
        if not self._voice.is_quiet:
            self._over.clear()
            self.begin(self._text or "at work")
            self._thread = threading.Thread(target=self._tell, name="progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Tell no more; nothing of the live line is left."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._voice.show("")

    def _tell(self) -> None:
        while not self._over.wait(TICK_S):
            now = time.monotonic()
            text = self.told(now)
            if self._voice.is_terminal:
                self._voice.show(text)
            elif text and now - self._logged >= LOG_S:
                self._logged = now
                self._voice.tell(f"still {text}")

    def told(self, now: float) -> str:
        """What is under way, in one line; empty where nothing takes long."""
        if now - self._since < AFTER_S:
            return ""
        others = [one for one in running() if now - one.began >= AFTER_S]
        words = [one.told(now) for one in others[-MOST:]]
        more = [f"and {len(others) - MOST} more"] if len(others) > MOST else []
        parts = ", ".join([*words, *more])
        return f"{self._text}: {now - self._since:.0f} s{': ' * bool(parts)}{parts}"
