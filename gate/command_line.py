"""The gate's own commands: ``gate check``, ``gate schema``, ``gate record`` and their like."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import os
import pathlib
import pkgutil
import sys
import traceback
from typing import NoReturn

from gate import commands
from gate.errors import ContractError, GateError, TargetError
from gate.run.settings import find_settings, target_files
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.secrets.streams import open_closed, unless_gone

MISTAKE = 4
"""Exit status of a mistake in option, target or contract, as pytest's usage errors have it."""


FAILED = 3
"""Exit status of a mistake of the gate itself, as pytest's internal errors have it."""


VERDICTS = ("check", "verify")
"""Commands whose exit status is that of a verdict, so that 1 says something of the target."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints end as every other mistake in an option does."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong; argparse's own exit status, 2, is that of an interrupted run."""
        self.print_usage(sys.stderr)
        self.exit(MISTAKE, f"{self.prog}: error: {message}\n")


def main(words: list[str] | None = None) -> int:
    """Run a command.

    Returns:
        Its exit status: a verdict's where it gives one; else 0 when it did what it should, 1 when
        it could not, 3 where the gate itself failed, 4 for a mistake in an option, in a target or
        contract, 130 where it was interrupted.
    """
    open_closed()
    parser = Parser(prog="gate", description=__doc__)
    parser.add_argument("--version", action="store_true", help="print the version and end")
    found = parser.add_subparsers(dest="command")
    modules = {one.name: one.name for one in pkgutil.iter_modules(commands.__path__)}
    asked = next((word for word in (words or sys.argv[1:]) if word in modules), None)
    for name in modules:
        # Only the one that is asked for is loaded: the others cost a second.
        module = importlib.import_module(f"gate.commands.{name}") if name == asked else None
        sub = found.add_parser(name, help=getattr(module, "HELP", None) or _help(name))
        if module is not None:
            module.add_arguments(sub)
    options = parser.parse_args(words)
    if options.version:
        return _version()
    if options.command is None:
        parser.error("name a command")
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    """Run the command that was named, and word its errors."""
    try:
        _know(options)
        module = importlib.import_module(f"gate.commands.{options.command}")
        status = int(module.run(options, _tell))
        _tell("", end="")
    except (ContractError, TargetError) as error:
        return _complain(error, MISTAKE)
    except GateError as error:
        return _complain(error, MISTAKE if options.command in VERDICTS else 1)
    except KeyboardInterrupt:
        return 130
    except _GoneError:
        return 1
    except Exception:  # noqa: BLE001 - it is told without its secrets
        _say(known.tell(traceback.format_exc()))
        _say("\ngate: the gate itself failed: nothing is known of the target\n")
        return FAILED
    return status


class _GoneError(Exception):
    """The standard output takes nothing more: its reader has enough, or its device is full."""


def _tell(text: str, end: str = "\n") -> None:
    """Write a line to the standard output.

    Raises:
        _GoneError: It cannot be written; what is told later goes nowhere.
    """
    told = False

    def tell() -> None:
        nonlocal told
        sys.stdout.write(f"{text}{end}")
        sys.stdout.flush()
        told = True

    unless_gone(sys.stdout, tell, "stdout")
    if not told:
        raise _GoneError


def _know(options: argparse.Namespace) -> None:
    """Know the secrets of the environment, and of every target's roles, before anything is told."""
    files: list[pathlib.Path] = []
    with contextlib.suppress(GateError, OSError):  # the command says what is wrong with them
        settings = find_settings(pathlib.Path.cwd())
        files = target_files(settings, str(getattr(options, "target", "") or ""))
    known.begin(of_run(None, os.environ, files))


def _complain(error: GateError, status: int) -> int:
    _say(f"gate: {known.tell(str(error))}\n")
    return status


def _say(text: str) -> None:
    """Say it on the standard error, where anybody can hear it."""

    def said() -> None:
        sys.stderr.write(text)
        sys.stderr.flush()

    unless_gone(sys.stderr, said, "stderr")


def _help(name: str) -> str:
    """The one line of a command that is not loaded: its module says it in its first line."""
    spec = importlib.util.find_spec(f"gate.commands.{name}")
    first = ""
    if spec is not None and spec.origin is not None:
        with open(spec.origin, encoding="utf-8") as file:  # noqa: PTH123 - one line
            first = file.readline()
    return first.strip().strip('"').partition(": ")[2].rstrip(".")


def _version() -> int:
    from gate.report import product  # noqa: PLC0415 - only here

    sys.stdout.write(f"{product.NAME} {product.version()}\n")
    return 0
