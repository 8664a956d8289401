"""The commands of ``gate``: one module each, with ``HELP``, ``add_arguments`` and ``run``."""
