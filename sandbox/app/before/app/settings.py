"""Settings: from the environment, and from ``.env`` in the application's folder behind it."""

from __future__ import annotations

import os
import pathlib

EMBEDDING_SIZE = 1536
FILE = pathlib.Path(__file__).resolve().parent.parent / ".env"


def _file() -> dict[str, str]:
    """What the environment file says; there is none where the release stands alone."""
    try:
        lines = FILE.read_text("utf-8").splitlines()
    except OSError:
        return {}
    pairs = (one.partition("=") for one in lines if "=" in one and not one.startswith("#"))
    return {key: value.strip("'\"") for key, _, value in pairs}


KEPT = _file()


def setting(name: str, default: str = "") -> str:
    """A setting as a text."""
    return os.environ.get(name, KEPT.get(name, default))


def database_url() -> str:
    """Address of the database, as SQLAlchemy takes it (``postgresql+asyncpg://…``)."""
    return setting("DATABASE_URL")


def asyncpg_url() -> str:
    """Address of the database, as asyncpg takes it."""
    return database_url().replace("postgresql+asyncpg://", "postgresql://", 1)


def ollama_url() -> str:
    """Base URL of Ollama."""
    return setting("OLLAMA_URL", "http://127.0.0.1:11434")


def jwt_secret() -> str:
    """Key of the tokens."""
    return setting("JWT_SECRET")


def copilot_timeout_s() -> float:
    """How long the application waits for Ollama, in seconds."""
    return float(setting("COPILOT_TIMEOUT_S", "120"))


def worker_poll_s() -> float:
    """How often a worker asks for work, in seconds."""
    return float(setting("WORKER_POLL_S", "1.0"))


def rag_enabled() -> bool:
    """Whether the RAG search is switched on."""
    return setting("RAG_ENABLED", "1") != "0"


def mailbox() -> tuple[str, int] | None:
    """Host and port of the mailbox that is polled (IMAP); ``None`` where there is none."""
    return _place("IMAP", 143)


def mail_relay() -> tuple[str, int] | None:
    """Host and port of the relay that mail is sent by (SMTP); ``None`` where there is none."""
    return _place("SMTP", 25)


def _place(what: str, port: int) -> tuple[str, int] | None:
    host = setting(f"{what}_HOST")
    return (host, int(setting(f"{what}_PORT", str(port)))) if host else None


def fault() -> str:
    """What goes wrong on purpose, by a word in FAULT_FILE: ``500-after-commit``; empty: nothing."""
    file = setting("FAULT_FILE")
    try:
        return pathlib.Path(file).read_text("utf-8").strip() if file else ""
    except OSError:
        return ""
