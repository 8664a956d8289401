"""How a vector index answers the application's query on the clone."""

from __future__ import annotations

from gate.sources.fact import Model


class VectorFacts(Model):
    """How a vector index answers the application's query.

    Attributes:
        plan: The plan's lines.
        used: Whether the plan names the index.
        forced: Whether that took ``enable_seqscan = off``, as on a small table.
        rows: Rows returned.
        expected: Rows that the exact answer has.
        recall: Mean share of the exact answer, over the probes; ``None`` without stored vectors.
        settings: ``hnsw.ef_search`` and what else decides, by name.
    """

    plan: tuple[str, ...]
    used: bool
    forced: bool
    rows: int
    expected: int
    recall: float | None
    settings: dict[str, str]
