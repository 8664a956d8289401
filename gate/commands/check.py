"""``gate check MOMENT``: the same account, files and exit status as pytest's, without pytest."""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import shutil
import sys
from collections.abc import Callable

from gate.account.judge import judge, unknown
from gate.account.verdict import Result
from gate.contract.item import Moment
from gate.contract.model import MOMENTS
from gate.errors import GateError, ObservationError
from gate.kinds.scene import Scene
from gate.report.account import Account
from gate.report.terminal import has_colours, shown, summary
from gate.run.conclusion import (
    advice,
    advised,
    exit_status,
    stands_against,
    verdicts_of,
    write_reports,
)
from gate.run.interruption import Interruption
from gate.run.moment import prepare
from gate.run.options import Asked, run_of
from gate.run.page import page
from gate.run.settings import find_settings
from gate.run.stage import Stage
from gate.run.voice import Voice
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.secrets.logs import clean_records
from gate.secrets.redactor import public_text, titles_of
from gate.secrets.sentinel import Watch
from gate.secrets.streams import CleanStream
from gate.sources.observed import Observed
from gate.threads import at_once

HELP = "look at a target and account for every promise of a moment"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of pytest's plugin, by the same names."""
    parser.add_argument("moments", nargs="+", choices=MOMENTS, metavar="MOMENT", help="when it is")
    for name, metavar, text in (
        ("target", "NAME-or-PATH", "what to look at (default: gate_target of the configuration)"),
        ("contract", "DIR", "folder of the promises, one .toml file per chapter"),
        ("replay", "FILE", "judge a kept observed.json again, without touching the target"),
        ("baseline", "FILE", "observed.json from before the deployment, to compare with"),
        ("reports", "DIR", "folder for the reports"),
        ("release", "COMMIT", "what is released, for the evidence (default: as CI or git says)"),
    ):
        parser.add_argument(f"--{name}", f"--gate-{name}", metavar=metavar, default="", help=text)
    for name, text in (
        ("apply", "on a real target: carry out the plan, and send the requests that write"),
        ("rollback-on-failure", "when a step of the deploy plan fails, carry out the rollback"),
        ("advise", "tell everything and block nothing: exit status 0, and nothing is promoted"),
        ("accept-loss", "roll back although more rows are lost than the contract allows"),
        ("html", "make allure.html in the target's folder of reports (needs Node)"),
    ):
        parser.add_argument(f"--{name}", f"--gate-{name}", action="store_true", help=text)


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Run the moments in their order; the exit status is the verdict's.

    Raises:
        GateError: A mistake in an option, the target or the contract.
    """
    del tell  # everything that is told goes through streams that are watched
    watch = Watch(known.plant(os.environ))
    with contextlib.ExitStack() as undo:
        undo.callback(os.environ.pop, known.SENTINEL, None)
        undo.callback(clean_records())
        out = CleanStream(sys.stdout, "stdout", watch)
        undo.enter_context(contextlib.redirect_stdout(out))
        err = CleanStream(sys.stderr, "stderr", watch)
        undo.enter_context(contextlib.redirect_stderr(err))
        asked = Asked(
            settings=find_settings(pathlib.Path.cwd()),
            moments=tuple(one for one in MOMENTS if one in options.moments),
            target=options.target,
            contract=options.contract,
            reports=options.reports,
            apply=options.apply,
            rollback_on_failure=options.rollback_on_failure,
            accept_loss=options.accept_loss,
            html=options.html,
            replay=options.replay,
            baseline=options.baseline,
            release=options.release,
            advise=options.advise,
        )
        check = Check(asked)
        status = check.through()
        watch.files([folder.path for folder in check.stage.folders.values()])
        for problem in watch.problems():
            sys.stdout.write(f"{problem}\n")
        return 1 if watch.found and status in (0, 10) else status


def _voice() -> Voice:
    """Who speaks on the standard output."""

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    is_terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Voice(write, is_terminal=is_terminal)


class Check:
    """One run: the moments one after the other, each looked at by a thread that can be left."""

    def __init__(self, asked: Asked) -> None:
        """Load everything that was asked for."""
        self._run = run_of(asked)
        known.begin(
            of_run(self._run.target, os.environ),
            public_text(self._run.contract),
            titles_of(self._run.contract),
        )
        self.stage = Stage(self._run, _voice())
        self._moments = asked.moments
        self._observed: dict[Moment, Observed] = {}
        self._baselines: dict[Moment, Observed | None] = {}
        self._ledger: dict[str, dict[str, list[Result]]] = {}
        self._signals = Interruption()

    def through(self) -> int:
        """Look, judge, tell; returns the exit status."""
        self._head()
        with self._signals.later():
            self._signals.install()
            self.stage.begin(self._moments)
        interrupted = False
        try:
            why = ""
            for moment in self._moments:
                why = self._moment(moment, why)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            self._signals.ignore()
        try:
            status = self._tell(interrupted=interrupted)
        finally:
            self.stage.close()
        if self._run.html and not interrupted:
            with self._signals.heeded():
                sys.stdout.write(f"{page(self.stage)}\n")
        return status

    def _moment(self, moment: Moment, why: str) -> str:
        """Account for a moment; returns what stands against going on."""
        why = why or self._look(moment)
        promises = self._run.contract.at(moment)
        if why:
            found = unknown(ObservationError(why))
            self._ledger[moment] = {one.id: [found] for one in promises}
            return why
        scene = Scene(
            contract=self._run.contract,
            target=self.stage.target,
            moment=moment,
            observed=self._observed[moment],
            baseline=self._baselines[moment],
        )
        results = {one.id: judge(one, scene).result for one in promises}
        self._ledger[moment] = {id_: [one] for id_, one in results.items()}
        contract = self._run.contract
        against = (stands_against(id_, one, contract, moment) for id_, one in results.items())
        first = next(filter(None, against), "")
        return first and (
            f"not carried out: {moment} is not green ({first}), so nothing after it was done"
        )

    def _look(self, moment: Moment) -> str:
        """Look in a thread, so that a signal is heard at once; returns why there was no look."""
        told: list[str] = []

        def look() -> None:
            try:
                self._observed[moment], self._baselines[moment] = prepare(moment, self.stage)
                told.append("")
            except GateError as error:
                told.append(str(error))
            except Exception as error:  # noqa: BLE001 - it says nothing about the target
                told.append(
                    f"the gate itself failed while looking: {type(error).__name__}: {error}"
                )

        if at_once([look], self.stage.cancelled, "director", daemon=True):
            raise KeyboardInterrupt
        return told[0]

    def _head(self) -> None:
        """Name target and contract before any verdict about them."""
        run = self._run
        what = f"gate target: {run.target.name} ({run.target.title})"
        if run.replay is not None:
            what += ", replayed: NOTHING IS LOOKED AT"
        elif run.target.embedded:
            what += " - THE EMBEDDED SANDBOX, NOT A HOST; name a host with --target"
        sys.stdout.write(f"{what}\n")
        count = len(run.contract.promises)
        sys.stdout.write(f"gate contract: {run.contract.folder}, {count} items\n")
        if run.applies and not run.target.embedded and run.replay is None:
            sys.stdout.write("gate plan: --apply: the plan of this moment WILL BE CARRIED OUT\n")

    def _tell(self, *, interrupted: bool) -> int:
        moments = self._moments if not interrupted else tuple(self.stage.folders)
        verdicts = verdicts_of(self._run, self._ledger, moments, interrupted=interrupted)
        problems, accounts = write_reports(self.stage, verdicts, self._observed, self._baselines)
        for one in accounts:
            self._summary(one)
        for problem in problems:
            sys.stdout.write(f"{problem}\n")
        status = exit_status(verdicts, problems=problems)
        for line in advice(status, self._run):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        return advised(status, self._run, problems)

    def _summary(self, account: Account) -> None:
        lines = summary(
            account,
            shown(self.stage.folder(account.moment)),
            colour=has_colours(os.environ, is_terminal=sys.stdout.isatty()),
            width=shutil.get_terminal_size().columns,
        )
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
