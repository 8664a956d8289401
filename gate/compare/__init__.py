"""Compare what is promised with what was seen: one module per chapter, pure functions.

Every function takes an item and a `gate.kinds.scene.Scene` and returns a `Finding`; where a fact
cannot be told, the `ObservationError` of `gate.sources.fact.told` passes through it.
"""
