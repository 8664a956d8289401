"""Ollama, as the application uses it: embeddings, and a model's answer."""

from __future__ import annotations

from typing import Any

import httpx

from app.settings import copilot_timeout_s, ollama_url

EMBED_MODEL = "atum-embed"
CHAT_MODEL = "atum-copilot"


async def ask(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a request to Ollama; raises ``httpx.HTTPError`` where it gives no answer."""
    limits = httpx.Timeout(copilot_timeout_s(), connect=2.0)
    async with httpx.AsyncClient(base_url=ollama_url(), timeout=limits, trust_env=False) as client:
        response = await client.post(path, json=body)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


async def embedding(text: str) -> list[float]:
    """Return a text's vector."""
    answer = await ask("/api/embeddings", {"model": EMBED_MODEL, "prompt": text})
    vector: list[float] = answer["embedding"]
    return vector


async def generated(prompt: str) -> str:
    """Return a model's answer to a prompt."""
    answer = await ask("/api/generate", {"model": CHAT_MODEL, "prompt": prompt, "stream": False})
    return str(answer["response"])
