"""Compare what is promised with what was seen: one module per chapter, pure functions.

Every function takes an item and a `gate.compare.scene.Scene` and returns a `Finding`; where a fact
cannot be told, the `ObservationError` of `gate.facts.fact.told` passes through it.
"""
