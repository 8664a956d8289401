"""The exit status of a run: nothing turns an account, or the lack of one, into a 0."""

from __future__ import annotations

import re
import sys
from collections.abc import Container

import pytest

from gate.contract.item import Moment
from gate.plugin import FLAGS, MODULES, MOMENT_NAMES, OPTIONS, dest
from gate.plugin.options import RUN

STATUS = pytest.StashKey[int]()
"""What the account of this run came to."""
NOTHING = 10
"""Status of a run in which no promise was accounted for: no promotion."""
LISTINGS = ("collectonly", "markers", "show_fixtures_per_test", "cacheshow")
"""Options of runs that only list something."""
COLLECT_ONLY = ("--collect-only", "--co")


def refuse_switches(config: pytest.Config) -> None:
    """Let nobody take a part of the gate away, nor have a run end before it looks.

    Raises:
        pytest.UsageError: ``-p no:gate…``, or ``--collect-only`` where nobody sees it.
    """
    for name in config.option.plugins:
        if re.match(r"no:gate\b", name):
            raise pytest.UsageError(f"-p {name} takes away a part of the gate: leave it out")
    manager = config.pluginmanager
    gone = [name for name in MODULES if not manager.has_plugin(f"gate.plugin.{name}")]
    if gone:
        raise pytest.UsageError(f"a part of the gate was taken away: gate.plugin.{gone[0]}")
    said = config.invocation_params.args
    if config.option.collectonly and not is_worker(config) and not {*COLLECT_ONLY} & {*said}:
        raise pytest.UsageError(
            "--collect-only stands in PYTEST_ADDOPTS or in the configuration, so that nothing "
            "would be looked at: leave it out there, or say it on the command line"
        )


def last_word(config: pytest.Config, status: int) -> int:
    """The status that a run of the gate ends with, whatever others made of it.

    Args:
        config: Of the run.
        status: What pytest would end with.
    """
    option = config.option
    if status or is_worker(config) or any(getattr(option, one, False) for one in LISTINGS):
        return status
    found = config.stash.get(STATUS, None)
    if found is None and _is_asked(config):
        sys.stderr.write("gate: no promise was accounted for, so nothing is promoted (exit 10)\n")
        return NOTHING
    return found or status


def _is_asked(config: pytest.Config) -> bool:
    """Whether somebody expects a verdict: not of a project's other tests, named by their paths."""
    option = config.option
    if any(getattr(option, dest(name)) for name in (*OPTIONS, *FLAGS)):
        return True
    if {*MOMENT_NAMES} & {*re.findall(r"\w+", option.markexpr)}:
        return True
    return config.args_source is not pytest.Config.ArgsSource.ARGS


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of xdist's workers."""
    return hasattr(config, "workerinput")


def left_out(config: pytest.Config, told: Container[Moment]) -> list[Moment]:
    """Moments that this run was asked about, and of which no test is left.

    Args:
        config: Of the run.
        told: The moments of which there is an account.
    """
    run = config.stash[RUN]
    return [one for one in run.moments if run.contract.at(one) and one not in told]
