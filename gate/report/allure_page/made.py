"""One page out of a folder of results, by Allure 3 itself."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from gate.errors import GateError
from gate.report import allure
from gate.report.allure_page.history import FILE as HISTORY
from gate.report.allure_page.history import lines
from gate.report.allure_page.node import allure as installed
from gate.report.allure_page.node import find_node, run
from gate.report.allure_page.sealed import sealed

MEMORY_MB = 2048
BUILD_WITHIN_S = 180.0


def made(
    work: pathlib.Path, name: str, past: Iterable[dict[str, Any]], environ: Mapping[str, str]
) -> str:
    """Have Allure make the page, and seal it.

    Args:
        work: A folder of one's own, with what is told in ``results``.
        name: Of the report.
        past: What earlier deployments left in the history.
        environ: Where Node and the user's cache are found.

    Raises:
        GateError: It cannot be made; the text says why.
        OSError: The folder cannot be written to.
    """
    kept = work / HISTORY
    kept.write_text(lines(past), "utf-8", "replace")
    config = {
        **allure.allurerc(name),
        "output": str(work / "out"),
        "historyPath": str(kept),
        "appendHistory": False,
        "resultsDir": str(work / "results"),
    }
    (work / "allurerc.json").write_text(json.dumps(config), "utf-8", "replace")
    found = find_node(environ)
    program = installed(found, environ)
    command = [found.program, f"--max-old-space-size={MEMORY_MB}", str(program), "generate"]
    command += ["--config", str(work / "allurerc.json"), "--cwd", str(work)]
    told = run(command, BUILD_WITHIN_S, environ=environ, cwd=work)
    page = work / "out" / "index.html"
    if not page.is_file():
        raise GateError(f"Allure made no page: {' '.join(told.split())[-300:]}")
    return sealed(page.read_text("utf-8"))
