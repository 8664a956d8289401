"""``gate drill``: does the gate say no? Faults are done on purpose, one at a time, and undone."""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import pathlib
import signal
import threading
import time
from collections.abc import Callable, Mapping

import pydantic

from gate import temporary
from gate.contract.model import Contract
from gate.drill import cover, page
from gate.drill.bench import NotUndoneError, folder_for
from gate.drill.drill import Plan, allowed, bench, chosen, drill, to_its_end
from gate.drill.fault import Gate
from gate.drill.gating import Look
from gate.drill.healthy import Alarm, Count, healthy
from gate.drill.load import Faults, load_faults
from gate.drill.matrix import Matrix, as_json, as_markdown, headline, rate, told
from gate.drill.scope import Scope, laid_out, named_by
from gate.drill.trial import End, Trial
from gate.errors import ContractError, TargetError
from gate.kinds.load import load_contract
from gate.kinds.registry import kinds
from gate.run.settings import Settings, find_settings
from gate.secrets import known
from gate.secrets.credentials import of_run
from gate.target import Target, load_target

HELP = "do faults on purpose, and see that the gate says no to each"
HEALTHY_S = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare its options."""
    for name, metavar, text in (
        ("target", "NAME-or-PATH", "where: an embedded target, or one that says [drill]"),
        ("contract", "DIR", "folder of the promises"),
        ("reports", "DIR", "folder for the reports"),
    ):
        parser.add_argument(f"--{name}", f"--gate-{name}", metavar=metavar, default="", help=text)
    parser.add_argument(
        "--faults", metavar="DIR", default="", help="folder of the faults (default: faults/ beside "
        "the contract)",
    )  # fmt: skip
    parser.add_argument("--only", default="", help="faults by name, with commas")
    parser.add_argument("--chapter", default="", help="chapters of faults, with commas")
    parser.add_argument("--part", metavar="K/N", default="", help="every N-th fault from the K-th")
    parser.add_argument(
        "--within", type=float, metavar="SECONDS", default=math.inf,
        help="begin no fault later than so; what was not reached is named",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, default=1, help="over so many instances at once")
    parser.add_argument("--list", action="store_true", help="name the faults, and do nothing")
    parser.add_argument(
        "--cover", action="store_true", help="tell which kinds they show in which ways; do nothing"
    )
    parser.add_argument(
        "--others", metavar="FILE", default="",
        help="JSON of what other tools made of the faults: by fault and tool, in words",
    )  # fmt: skip
    parser.add_argument(
        "--healthy", type=int, metavar="N", default=0,
        help="instead: look N times at the healthy system, and count false alarms",
    )  # fmt: skip
    parser.add_argument(
        "--apply", "--gate-apply", action="store_true", help="on a real target: BREAK IT, and undo"
    )


def run(options: argparse.Namespace, tell: Callable[[str], object]) -> int:
    """Drill, and write the matrix.

    Returns:
        0 where every fault was detected (or is a known gap), 1 where one was not, a healthy run was
        blocked, or something stands on the host still; 10 where one could not be shown. Faults that
        were not reached in the time that was given (``--within``) are named, and spoil nothing as
        long as one was tried.

    Raises:
        GateError: A mistake in an option, a target, a contract or a fault; or the gate is not
            green where nothing was done.
    """
    if options.healthy < 0 or options.jobs < 1:
        raise ContractError("--healthy and --jobs: so many, at least 1")
    settings = find_settings(pathlib.Path.cwd())
    target = _target(options.target, settings)
    folder = pathlib.Path(options.contract or settings.contract)
    faults = load_faults(pathlib.Path(options.faults or folder.parent / "faults"))
    contract, own = _with_own(folder, faults, target)
    _known(faults, contract)
    known.begin(of_run(target, os.environ))
    place = target.drill.place if target.drill else ""
    found = chosen(faults, place, _words(options.only), _words(options.chapter), options.part)
    if options.list:
        for name, one in found.items():
            tell(f"{name}: {one.title} ({one.chapter}, {one.moment})")
        return 0
    if options.cover:
        tell(cover.as_markdown(faults, cover.cover(faults, kinds())))
        return 0
    allowed(target, applies=options.apply)
    plan = Plan(
        target=target,
        contract=contract,
        own=own,
        within_s=options.within,
        folder=folder.resolve(),
        faults=faults,
        chosen=found,
        reports=pathlib.Path(options.reports or settings.reports),
        cwd=settings.root,
        jobs=options.jobs if target.embedded else 1,
        note=lambda text: tell(f"gate drill: {text}"),
    )
    cancelled = threading.Event()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.healthy:
        return _healthy(plan, options.healthy, tell, cancelled)
    return _drill(plan, tell, cancelled, _others(options.others))


def _others(file: str) -> dict[str, dict[str, str]]:
    """What other tools made of the faults, by fault and tool.

    Raises:
        ContractError: The file is not as it has to be.
    """
    if not file:
        return {}
    try:
        return pydantic.TypeAdapter(dict[str, dict[str, str]]).validate_json(
            pathlib.Path(file).read_bytes()
        )
    except (OSError, ValueError) as error:
        raise ContractError(f"--others: {file}: {error}") from error


def _drill(
    plan: Plan,
    tell: Callable[[str], object],
    cancelled: threading.Event,
    others: Mapping[str, Mapping[str, str]],
) -> int:
    began, trials = time.monotonic(), {}
    jobs = f", over {plan.jobs} instances" if plan.jobs > 1 else ""
    tell(f"gate drill: {len(plan.chosen)} faults at {plan.target.title}{jobs}")

    def one(trial: Trial) -> None:
        trials[trial.name] = trial
        tell(_line(trial, len(trials), len(plan.chosen)))

    _, ended = drill(plan, one, cancelled)
    not_undone = str(ended) if isinstance(ended, NotUndoneError) else ""
    stands = not_undone or any(one.undone for one in trials.values())
    if cancelled.is_set():
        tell("gate drill: interrupted" + ("" if stands else ": what was done is taken back"))
    if ended:
        tell(f"gate drill: {not_undone or f'it ended before its time: {ended}'}")
    left = tuple(name for name in plan.chosen if name not in trials)
    matrix = Matrix(
        target=plan.target.name,
        faults=plan.chosen,
        trials={name: trials[name] for name in plan.chosen if name in trials},
        left=left,
        others={name: others[name] for name in trials if name in others},
        within_s=plan.within_s if left and not (ended or cancelled.is_set()) else math.inf,
        not_undone=not_undone,
        seconds=time.monotonic() - began,
    )
    _write(matrix, plan, tell)
    return 130 if cancelled.is_set() and not stands else matrix.exit_status


def _healthy(
    plan: Plan, runs: int, tell: Callable[[str], object], cancelled: threading.Event
) -> int:
    began = time.monotonic()
    tell(f"gate drill: {runs} healthy runs at {plan.target.title}")

    def one(count: Count, alarm: Alarm | None) -> None:
        tell(f"[{count.runs}/{runs}] {rate(count)}")
        if alarm is not None:
            tell(f"  {known.tell(told(alarm))}")

    def all_of_them() -> Count:
        with bench(plan, 0, cancelled) as place:

            def look(gate: Gate) -> Look:
                return place.healthy("predeploy", Scope(plan.faults.leaves_out), HEALTHY_S, gate)

            return healthy(runs, look, one, cancelled)

    count = to_its_end(all_of_them, cancelled)
    matrix = Matrix(
        target=plan.target.name,
        faults={},
        trials={},
        healthy=count,
        seconds=time.monotonic() - began,
    )
    _write(matrix, plan, tell, "healthy")
    return 130 if cancelled.is_set() else matrix.exit_status


def _write(matrix: Matrix, plan: Plan, tell: Callable[[str], object], name: str = "matrix") -> None:
    folder = folder_for(plan.reports, plan.target)
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, text in (
        ("json", as_json(matrix)),
        ("md", as_markdown(matrix)),
        ("html", page.page(matrix)),
        ("svg", page.picture(matrix)),
    ):
        if name == "healthy" and suffix in ("html", "svg"):
            continue
        (folder / f"{name}.{suffix}").write_text(known.tell(text), "utf-8")
    tell(f"gate drill: {headline(matrix) if matrix.healthy is None else rate(matrix.healthy)}")
    tell(f"gate drill: {folder / name}.md")


def _line(trial: Trial, number: int, of: int) -> str:
    seconds = f" ({trial.look.seconds:.1f} s)" if trial.look else ""
    why = f": {trial.why}" if trial.why else ""
    undone = f"; NOT UNDONE: {trial.undone}" if trial.undone else ""
    word = trial.end.value if trial.end is End.DETECTED else trial.end.value.upper()
    return f"[{number}/{of}] {trial.name}: {word}{seconds}{why}{undone}"


def _target(named: str, settings: Settings) -> Target:
    name = named or settings.target
    if not name:
        raise TargetError("say where: --target=NAME")
    return load_target(name, settings.targets)


def _with_own(
    folder: pathlib.Path, faults: Faults, target: Target
) -> tuple[Contract, frozenset[str]]:
    """The contract with the drill's own promises, and which these are.

    Raises:
        ContractError: One of the two is wrong, or both are together.
    """
    contract = load_contract(folder, target.differs, carries_out=True)
    if faults.promises is None:
        return contract, frozenset()
    if not faults.promises.is_dir():
        raise ContractError(f"{faults.folder}: [about]: promises: no folder {faults.promises}")
    with temporary.folder() as place:
        both = laid_out(folder, Scope(own=True), faults.promises, place)
        whole = load_contract(both, target.differs, carries_out=True)
    own = frozenset(whole.promises.keys() - contract.promises.keys())
    return dataclasses.replace(whole, folder=contract.folder), own


def _known(faults: Faults, contract: Contract) -> None:
    """Every item that a fault names is there.

    Raises:
        ContractError: One is not; the text names it.
    """
    wrong = [
        f"{faults.folder}: fault.{name}: there is no item {id_!r} in {contract.folder}"
        for name, fault in faults.by_name.items()
        for id_ in named_by(fault)
        if id_ not in contract.promises
    ]
    if wrong:
        raise ContractError("\n".join(wrong))


def _words(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]
