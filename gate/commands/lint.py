"""``gate lint``: judge contract and target without looking.

One line per finding, the worst first: ``file:line: [table] key: text``. Exit status 0, or 4 where
there are mistakes, or warnings with ``--strict``.
"""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable, Iterator

from gate.errors import ContractError, GateError, TargetError
from gate.kinds.load import LOGINS, load_contract
from gate.lint import hints
from gate.lint.databases import of_databases
from gate.lint.note import LEVELS, Note, mistakes
from gate.lint.places import missing, of_bases
from gate.report.snapshot import try_template
from gate.report.snapshot.template import check_template
from gate.run.settings import Settings, find_settings
from gate.secrets import known
from gate.target import Target, load_target

HELP = "judge contract and target without looking"
CLEAN, MISTAKES = 0, 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    for name, metavar, text in (
        ("target", "NAME-or-PATH", "what will be looked at (default: the project's own)"),
        ("contract", "DIR", "folder of the promises (default: the project's own)"),
    ):
        parser.add_argument(f"--{name}", f"--gate-{name}", metavar=metavar, default="", help=text)
    parser.add_argument("--strict", action="store_true", help="take warnings for mistakes")


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Judge, and tell everything that there is to say."""
    settings = find_settings(pathlib.Path.cwd())
    contract = pathlib.Path(options.contract) if options.contract else settings.contract
    notes = list(dict.fromkeys(_notes(settings, contract, options.target)))
    notes.sort(key=lambda one: (LEVELS.index(one.level), one.file, one.line))
    for one in notes:
        tell(known.tell(str(one)))
    counts = {level: sum(one.level == level for one in notes) for level in LEVELS}
    tell(
        ", ".join(
            f"{count} {level}" + "s" * (count != 1 and level != "advice")
            for level, count in counts.items()
        )
    )
    bad = counts["mistake"] + (counts["warning"] if options.strict else 0)
    return MISTAKES if bad else CLEAN


def _notes(settings: Settings, contract: pathlib.Path, name: str) -> Iterator[Note]:
    target: Target | None = None
    named = name or settings.target
    if named:
        try:
            target = load_target(named, settings.targets)
        except TargetError as error:
            yield from mistakes(error)
    else:
        yield Note("warning", "no target is named: say --target=NAME-or-PATH")
    try:
        check_template(contract)
    except ContractError as error:
        yield from mistakes(error)
    try:
        promised = load_contract(
            contract,
            target.differs if target else (),
            logins=target.api.logins if target else LOGINS,
        )
    except GateError as error:
        yield from mistakes(error)
        return
    yield from hints.of_contract(promised, target)
    if target is not None:
        yield from hints.of_target(target)
        yield from missing(promised, target)
        yield from of_bases(promised, target)
        yield from of_databases(promised, target)
        try:
            try_template(promised, target)
        except ContractError as error:
            yield from mistakes(error)
