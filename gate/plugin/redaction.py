"""The guard: what pytest tells of a gate run holds no secret, whoever tells it.

Reports are cleaned where they are made, twice: before other plugins' wrappers see them, and after
these have added to them. What the streams carry is cleaned once more, and watched for the sentinel.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import sys
import warnings
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from gate.plugin.allure_files import guard_allure
from gate.plugin.last_word import STATUS
from gate.plugin.options import RUN
from gate.plugin.reports import clean_report, clean_repr
from gate.run.settings import settings_of, target_files
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.secrets.errors import clean_error
from gate.secrets.logs import clean_records
from gate.secrets.redactor import public_text, titles_of
from gate.secrets.sentinel import Watch
from gate.secrets.streams import CleanStream, open_closed

LEAKS = "gate_leaks"
"""Key under which a worker of xdist says where it saw the sentinel."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Know the environment's secrets, and plant the sentinel, before anything can go wrong."""
    open_closed()
    settings = settings_of(config.rootpath, lambda key: str(config.getini(key)))
    known.begin(of_run(None, os.environ, target_files(settings, config.option.gate_target)))
    guard = Guard(config, Watch(known.plant(os.environ)))
    config.pluginmanager.register(guard, "gate-guard")
    config.pluginmanager.register(First(), "gate-guard-first")
    config.add_cleanup(guard.close)


class First:
    """Cleans a report before any other plugin's wrapper sees it."""

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Clean the exception for those who word it themselves, and the report."""
        report = yield
        if call.excinfo is not None:
            clean_error(call.excinfo.value)
        clean_report(report)
        return report


class Guard:
    """Cleans what is told, from the beginning of a run to its end."""

    def __init__(self, config: pytest.Config, watch: Watch) -> None:
        """Stand before the streams and the log."""
        self._config = config
        self._watch = watch
        self._undo = contextlib.ExitStack()
        self._undo.callback(clean_records())
        self._undo.callback(lambda: os.environ.pop(known.SENTINEL, None))
        self._streams()

    def _streams(self) -> None:
        capturing = getattr(
            self._config.pluginmanager.get_plugin("capturemanager"), "_global_capturing", None
        )
        for name, attribute in (("stdout", "out"), ("stderr", "err")):
            own = getattr(sys, name)
            clean = CleanStream(own, name, self._watch)
            self._undo.callback(setattr, sys, name, own)
            setattr(sys, name, clean)
            # What pytest puts back after it has captured a test's output.
            capture = getattr(capturing, attribute, None)
            capture = getattr(capture, "syscapture", capture)
            if capture is not None and hasattr(capture, "_old"):
                self._undo.callback(setattr, capture, "_old", capture._old or own)  # noqa: SLF001
                capture._old = clean  # noqa: SLF001 - there is no other way to be put back

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        """Stand before the terminal, and before the files of ``--alluredir``."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        writer = getattr(reporter, "_tw", None)
        if writer is not None and not isinstance(writer._file, CleanStream):  # noqa: SLF001
            writer._file = CleanStream(writer._file, "the terminal", self._watch)  # noqa: SLF001
        self._undo.callback(guard_allure())
        self._trace()

    def _trace(self) -> None:
        """Stand before the trace of hooks and their arguments (``--debug``)."""
        root = self._config.trace.root
        writer = root._writer  # noqa: SLF001 - there is no other way to know whether anybody traces
        if writer is not None:
            root.setwriter(lambda text: writer(known.tell(text)))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Know the target's secrets, and which words the contract makes public."""
        run = session.config.stash.get(RUN, None)
        if run is not None:
            known.begin(
                of_run(run.target, os.environ), public_text(run.contract), titles_of(run.contract)
            )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Clean what other plugins have added to a report."""
        report = yield
        clean_report(report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Clean what is told of collecting."""
        report = yield
        clean_report(report)
        if report.longrepr is not None and report.outcome == "failed":
            call = getattr(report, "call", None)
            clean_error(call.excinfo.value if call is not None and call.excinfo else None)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Clean a report that comes from a worker, which may have known less."""
        if hasattr(report, "node"):
            clean_report(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """The same for what a worker collected."""
        clean_report(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Clean a warning."""
        if isinstance(warning_message.message, Warning):
            clean_error(warning_message.message)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> None:
        """Clean what is told of a mistake of pytest or of a plugin."""
        clean_repr(excrepr)

    @pytest.hookimpl(trylast=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Clean what the terminal keeps to tell of an interruption."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        clean_repr(getattr(reporter, "_keyboardinterrupt_memo", None))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Look for the sentinel in everything that was told and written; where it is, fail."""
        result = yield
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[LEAKS] = dict(self._watch.found)
            return result
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._watch.files(list(_written(self._config)))
        if self._watch.found:
            if int(session.exitstatus) in (0, 5, 10):
                session.exitstatus = self._config.stash[STATUS] = 1
            for problem in self._watch.problems():
                sys.stdout.write(f"{problem}\n")
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear of a worker where it saw the sentinel."""
        found = getattr(node, "workeroutput", {}).get(LEAKS, {})
        for where, how in found.items():
            self._watch.found.setdefault(f"{where} of a worker", how)

    def close(self) -> None:
        """Give everything back as it was."""
        self._undo.close()


def _written(config: pytest.Config) -> Iterator[pathlib.Path]:
    """The files that options of pytest and of other plugins have written."""
    for name in ("xmlpath", "allure_report_dir", "log_file", "report_log", "htmlpath", "debug"):
        value = getattr(config.option, name, None)
        if isinstance(value, str) and value:
            yield pathlib.Path(value)
