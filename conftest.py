"""The plugins of the gate, and nothing else."""

pytest_plugins = [
    "gate.plugin.options",
    "gate.plugin.ending",
    "gate.plugin.collection",
    "gate.plugin.scheduler",
    "gate.plugin.ledger",
    "gate.plugin.telling",
    "gate.plugin.guard",
    "gate.plugin.promised_items",
]
