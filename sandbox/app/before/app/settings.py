"""Settings: from the environment only."""

from __future__ import annotations

import os

VERSION = "2.4.0"
EMBEDDING_SIZE = 1536


def database_url() -> str:
    """Address of the database, as SQLAlchemy takes it (``postgresql+asyncpg://…``)."""
    return os.environ["DATABASE_URL"]


def asyncpg_url() -> str:
    """Address of the database, as asyncpg takes it."""
    return database_url().replace("postgresql+asyncpg://", "postgresql://", 1)


def ollama_url() -> str:
    """Base URL of Ollama."""
    return os.environ.get("OLLAMA_URL", "http://127.0.0.1:11434")


def jwt_secret() -> str:
    """Key of the tokens."""
    return os.environ["JWT_SECRET"]


def copilot_timeout_s() -> float:
    """How long the application waits for Ollama, in seconds."""
    return float(os.environ.get("COPILOT_TIMEOUT_S", "120"))


def worker_poll_s() -> float:
    """How often a worker asks for work, in seconds."""
    return float(os.environ.get("WORKER_POLL_S", "1.0"))


def rag_enabled() -> bool:
    """Whether the RAG search is switched on."""
    return os.environ.get("RAG_ENABLED", "1") != "0"
