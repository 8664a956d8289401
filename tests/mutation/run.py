"""Change the judgements one by one, and tell which changes no test notices.

``python tests/mutation/run.py [MODULE...]`` works in ``reports/mutation``; modules are patterns of
paths, such as ``gate/kinds/path.py``; without any, all of ``judgements.toml`` are changed, or with
``--part K/N`` the K-th of N parts of them. It ends with 1 where a change survived that
``survivors.toml`` does not list, or one that it lists did not.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import pathlib
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

import tomli
import tomli_w

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
BESIDE = ("tests", "fixtures", "sandbox", "examples", "docs", "conftest.py")
"""What tests need beside the code that is changed."""
QUIET = ("xdist", "benchmark", "allure_pytest", "rerunfailures", "cacheprovider")
Mutant = tuple[str, str, str]
"""The function that was changed, its line as it was, and as it became."""
NOTICED = ("killed", "timeout")
OPEN = "not looked at yet"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns an exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="the K-th of N parts")
    parser.add_argument("--work", type=pathlib.Path, default=PROJECT / "reports" / "mutation")
    parser.add_argument("--tests", nargs="*", help="these, in the place of all")
    parser.add_argument("--keep", action="store_true", help="list what survived, as not looked at")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    plan = tomli.loads((HERE / "judgements.toml").read_text("utf-8"))
    work = given.work.resolve()
    modules = part(given.modules or plan["modules"], given.part)
    prepare(work, modules)
    os.chdir(work)
    sys.pycache_prefix = str(work.with_suffix(".pyc"))  # outlives the folder
    with into(work / "log"):
        statuses = mutate(plan["beside"], given.tests or plan["tests"], given.jobs)
    (work / "statuses.json").write_text(json.dumps(statuses, indent=1), "utf-8")
    alive, known = survivors(statuses), listed(modules)
    if given.keep:
        keep(alive.keys() - known.keys())
        known = listed(modules)
    return tell(statuses, alive, known)


def part(patterns: Sequence[str], of: str) -> list[str]:
    """The modules of one part, of ``1/1`` all: each N-th of them, so that all are as long."""
    number, _, parts = of.partition("/")
    paths = [one for each in patterns for one in sorted(PROJECT.glob(each))]
    names = [str(one.relative_to(PROJECT)) for one in dict.fromkeys(paths)]
    found = names[int(number) - 1 :: int(parts)]
    if not found or int(number) < 1:
        raise SystemExit(f"--part {of}: no module of {len(names)} is in it")
    return found


def prepare(work: pathlib.Path, modules: Sequence[str]) -> None:
    """A folder that looks like the project, and in which mutmut may write."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    (work / "gate").symlink_to(PROJECT / "gate")
    config = tomli.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    tests = config["tool"]["pytest"]  # links to them are followed before they are told apart
    tests["gate_silent_in"] += "".join(
        f" {PROJECT / one}" for one in tests["gate_silent_in"].split()
    )
    config["tool"]["mutmut"] = {"source_paths": ["gate"], "only_mutate": [*modules]}
    (work / "pyproject.toml").write_text(tomli_w.dumps(config), "utf-8")
    (work / "mutants").mkdir()
    for name in BESIDE:
        (work / "mutants" / name).symlink_to(PROJECT / name)


@contextlib.contextmanager
def into(log: pathlib.Path) -> Iterator[None]:
    """Everything that is printed, by whichever process, into a file."""
    kept = [os.dup(one) for one in (1, 2)]
    with log.open("wb") as file:
        for one in (1, 2):
            os.dup2(file.fileno(), one)
        try:
            yield
        finally:
            sys.stdout.flush()
            for one, old in zip((1, 2), kept, strict=True):
                os.dup2(old, one)


def mutate(beside: Sequence[str], tests: Sequence[str], jobs: int) -> dict[str, str]:
    """Have mutmut change all but some functions, and try each change.

    Returns:
        How each ended, by its name for mutmut.
    """
    sys.path[:] = [one for one in sys.path if pathlib.Path(one).resolve() != PROJECT]
    sys.path.insert(0, str(pathlib.Path("mutants").resolve()))
    from mutmut.__main__ import copy_src_dir, create_mutants, setup_source_paths  # noqa: PLC0415

    from tests.mutation import operators  # noqa: PLC0415 - after the path

    operators.install(beside)
    copy_src_dir()
    setup_source_paths()
    create_mutants(jobs)
    for one in pathlib.Path("gate").rglob("*.py"):  # what was not changed need not be compiled anew
        copy = pathlib.Path("mutants") / one
        if copy.stat().st_size == one.stat().st_size:
            shutil.copystat(one, copy)
    shutil.copy("pyproject.toml", "mutants")
    os.chdir("mutants")
    try:
        import pytest  # noqa: PLC0415 - as above

        from tests.mutation import loop  # noqa: PLC0415 - as above

        trial = loop.Loop([*names()], jobs)
        plain = [f"-pno:{one}" for one in QUIET]
        status = pytest.main(["-q", "--rootdir=.", "--tb=short", *plain, *tests], plugins=[trial])
    finally:
        os.chdir("..")
    if len(trial.statuses) != len(names()):
        raise SystemExit(f"pytest ended with {status}: see {pathlib.Path('log').resolve()}")
    statuses: dict[str, str] = trial.statuses
    return statuses


@functools.lru_cache
def names() -> dict[str, pathlib.Path]:
    """The files by the names of all changes in them."""
    from mutmut.mutation.data import SourceFileMutationData  # noqa: PLC0415
    from mutmut.utils.file_utils import change_cwd, walk_mutatable_files  # noqa: PLC0415

    found: dict[str, pathlib.Path] = {}
    with change_cwd("." if pathlib.Path("mutants").exists() else ".."):
        for path in sorted(walk_mutatable_files()):
            data = SourceFileMutationData(path=path)
            data.load()
            found |= dict.fromkeys(data.exit_code_by_key, path)
    return found


def mutant(name: str, path: pathlib.Path) -> Mutant:
    """What was changed, in words that outlive a change elsewhere in the file."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # noqa: PLC0415

    lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
    was, now = (
        " ".join(one[1:].strip() for one in lines if one.startswith(sign)) for sign in ("-", "+")
    )
    function = name.rpartition("__mutmut_")[0].rpartition(".")[2]
    shown = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return f"{path}: {shown}", was, now


def listed(modules: Sequence[str]) -> dict[Mutant, str]:
    """The survivors that are known, with the reason of each."""
    file = HERE / "survivors.toml"
    known = tomli.loads(file.read_text("utf-8"))["survivor"] if file.exists() else []
    return {
        (one["where"], one["was"], one["now"]): one["reason"]
        for one in known
        if one["where"].partition(":")[0] in modules
    }


def keep(new: Iterable[Mutant]) -> None:
    """List survivors with a reason that says that nobody has looked at them yet."""
    file = HERE / "survivors.toml"
    kept = tomli.loads(file.read_text("utf-8"))["survivor"]
    kept += [{"where": one, "was": was, "now": now, "reason": OPEN} for one, was, now in new]
    kept.sort(key=lambda one: (one["where"], one["was"], one["now"]))
    file.write_text(tomli_w.dumps({"survivor": kept}), "utf-8")


def survivors(statuses: Mapping[str, str]) -> dict[Mutant, str]:
    """The changes that no test noticed, with how each ended."""
    return {
        mutant(name, names()[name]): status
        for name, status in statuses.items()
        if status not in NOTICED
    }


def tell(
    statuses: Mapping[str, str], alive: Mapping[Mutant, str], known: Mapping[Mutant, str]
) -> int:
    """Print how many of each module were noticed, and which of the others are not listed."""
    counts: dict[str, list[int]] = {"all": [0, 0]}
    for name, status in statuses.items():
        for one in (counts["all"], counts.setdefault(str(names()[name]), [0, 0])):
            one[0] += status in NOTICED
            one[1] += 1
    for of, (noticed, total) in sorted(counts.items()):
        print(f"{noticed:5} of {total:5} {noticed / total:6.1%}  {of}")
    new, gone = alive.keys() - known.keys(), known.keys() - alive.keys()
    for where, was, now in sorted(new):
        print(f"\n{where} ({alive[where, was, now]})\n  - {was}\n  + {now}")
    for where, was, now in sorted(gone):
        print(f"\nlisted, and not there: {where}\n  - {was}\n  + {now}")
    waiting = sum(reason == OPEN for reason in known.values())
    print(f"\n{len(new)} new, {len(known)} listed, {waiting} of those not looked at yet")
    return 1 if new or gone else 0


if __name__ == "__main__":
    sys.exit(main())
