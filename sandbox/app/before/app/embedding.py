"""Deterministic embeddings: texts that share words are near each other, on every machine.

The sandbox's Ollama stand-in and its seed use this same module; a real model knows meanings.
"""

from __future__ import annotations

import hashlib
import math
import re

SIZE = 1536


def embed(text: str) -> list[float]:
    """Return the text's vector: 1536 numbers of length 1 (all words hashed to signed places)."""
    vector = [0.0] * SIZE
    for word in re.findall(r"[a-z0-9]+", text.lower()):
        digest = hashlib.blake2b(word.encode(), digest_size=16).digest()
        for number in range(4):
            place = int.from_bytes(digest[number * 4 : number * 4 + 3], "big") % SIZE
            vector[place] += 1.0 if digest[number * 4 + 3] & 1 else -1.0
    length = math.sqrt(sum(one * one for one in vector))
    if not length:
        vector[0] = length = 1.0
    return [one / length for one in vector]


def literal(vector: list[float]) -> str:
    """Spell a vector as pgvector reads it."""
    return "[" + ",".join(f"{one:.6g}" for one in vector) + "]"
