"""``gate report``: one page of Allure of a target's newest deployment, without looking.

From the runs that are kept, so also where the moments were looked at by separate jobs. Exit status
0, or 1 where no page can be made; the line says why.
"""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable

from gate.errors import TargetError
from gate.report.allure_page import build
from gate.report.terminal import shown
from gate.run.settings import find_settings
from gate.target import load_target

HELP = "one page of Allure of a target's newest deployment, without looking"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    for name, metavar, text in (
        ("target", "NAME-or-PATH", "whose deployment it is (default: the project's own target)"),
        ("reports", "DIR", "folder of the reports (default: the project's own)"),
    ):
        parser.add_argument(f"--{name}", f"--gate-{name}", metavar=metavar, default="", help=text)


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Make the page, and tell where it is.

    Raises:
        GateError: It cannot be made.
    """
    settings = find_settings(pathlib.Path.cwd())
    name = options.target or settings.target
    if not name:
        raise TargetError("no target is named: say --target=NAME-or-PATH")
    target = load_target(name, settings.targets)
    reports = pathlib.Path(options.reports) if options.reports else settings.reports
    tell(shown(build(reports / target.name, target.reports.readable_by)))
    return 0
