"""The gate's plugin, also where it is not installed, and the suite's own fixtures."""

pytest_plugins = ["gate.plugin", "gate.plugin.short_names", "fixtures.moments"]
