"""The gate's plugin, also where it is not installed; its entry point has the same name."""

pytest_plugins = ["gate.plugin", "gate.plugin.short_names"]
