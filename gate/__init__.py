"""The machinery of the gate: promise, look, compare, account, tell.

Plain typed Python that knows nothing of pytest; `fixtures` and `tests` build on it.
"""
