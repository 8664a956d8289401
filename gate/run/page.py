"""Allure's page, where it was asked for: made when everything else stands, and told in one line."""

from __future__ import annotations

import pathlib

from gate.errors import GateError
from gate.report.terminal import shown
from gate.run.stage import Stage
from gate.secrets import known
from gate.target import Readers

NAME = "gate allure"


def page(stage: Stage) -> str:
    """Make the page of the target's newest deployment; a replay has one of its own.

    Whatever becomes of it changes no verdict and no exit status.

    Returns:
        One line: where it is, or why there is none.
    """
    run = stage.run
    replay = next(iter(stage.folders.values())).path if run.replay is not None else None
    stage.voice.tell("building the page of Allure")
    return page_of(stage.place, stage.target.reports.readable_by, replay)


def page_of(place: pathlib.Path, readers: Readers, replay: pathlib.Path | None = None) -> str:
    """Make the page of what a target's folder of reports holds; returns one line about it."""
    from gate.report.allure_page import build  # noqa: PLC0415 - only where it was asked for

    try:
        return f"{NAME}: {shown(build(place, readers, replay=replay))}"
    except GateError as error:
        why = known.tell(str(error))
    except KeyboardInterrupt:
        why = "interrupted"
    except Exception as error:  # noqa: BLE001 - no page is worth an exit status
        why = known.tell(f"{type(error).__name__}: {error}")
    return f"{NAME}: no page was made: {' '.join(why.split())}"
