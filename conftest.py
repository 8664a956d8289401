"""The plugins of the gate, and nothing else."""

pytest_plugins = [
    "fixtures.options",
    "fixtures.contract",
    "fixtures.story",
    "fixtures.account",
    "fixtures.telling",
]
