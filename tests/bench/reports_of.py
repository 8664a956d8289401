"""Tell of many items, and say what that took: ``python tests/bench/reports_of.py ITEMS BROKEN``.

Its own process, so that the memory is what this needs and nothing else. The items are paths of this
machine that were looked at; the second number says how many of them are promised otherwise.
"""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import resource
import sys
import tempfile
import time
from collections.abc import Iterator

from gate.account.judge import judge
from gate.account.verdict import verdict
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.scene import scene_of
from gate.report import allure_results, write
from gate.report.account import Account
from gate.report.reports import reports
from gate.secrets import known
from gate.secrets.leaks import scan
from gate.target import Target, load_target

ENDLESS = "[deadlines]\nhost_s = 120\n"
ALL_BUT, WITH = "all but Allure", "with Allure"


def told(folder: pathlib.Path, items: int, broken: int) -> Account:
    """Look at so many paths once, and judge them."""
    chapter = "".join(_items(folder / "paths", items, broken))
    (folder / "contract").mkdir()
    (folder / "contract" / "paths.toml").write_text(chapter, "utf-8")
    target = _target(folder)
    contract = load_contract(folder / "contract")
    started = dt.datetime.now(dt.timezone.utc)
    observed = look(contract, target, "predeploy")
    scene = scene_of(contract, target, observed, "predeploy")
    promises = contract.at("predeploy")
    found = {one.id: [judge(one, scene).result] for one in promises}
    return Account(
        contract=contract,
        target=target,
        moment="predeploy",
        verdict=verdict(promises, found, {}, moment="predeploy", today=started.date()),
        observed=observed,
        started=started,
        finished=dt.datetime.now(dt.timezone.utc),
        run="bench",
    )


def _items(folder: pathlib.Path, items: int, broken: int) -> Iterator[str]:
    folder.mkdir()
    for number in range(items):
        path = folder / f"{number}"
        path.mkdir()
        mode = "0751" if number < broken else f"{path.stat().st_mode & 0o7777:04o}"
        yield (
            f'[path.number-{number}]\ntitle = "Where number {number} is kept"\n'
            f'source = "handbook, section {number % 17}"\npurpose = "data"\n'
            f'path = "{path}"\nmode = "{mode}"\n\n'
        )


def _target(folder: pathlib.Path) -> Target:
    (folder / "here.toml").write_text(f'title = "Here"\nhost = "local://"\n{ENDLESS}', "utf-8")
    return load_target(str(folder / "here.toml"), folder)


def main() -> None:
    """Print the seconds and the memory as JSON; Allure's results by themselves."""
    items, broken = map(int, sys.argv[1:])
    known.begin(["a-secret-that-nothing-holds", "another secret of two words"])
    with tempfile.TemporaryDirectory() as name:
        account = told(pathlib.Path(name), items, broken)
        before, took = _peak_mib(), {}
        for which in (ALL_BUT, WITH):
            left_out = (allure_results,) if which == ALL_BUT else ()
            kept = tuple(one for one in reports() if one not in left_out)
            vars(write)["reports"] = lambda kept=kept: kept
            began, busy = time.perf_counter(), time.process_time()
            write.write_all(pathlib.Path(name, which), account, known.redactor())
            assert scan(pathlib.Path(name, which), known.redactor()) == []
            took[which] = {
                "seconds": round(time.perf_counter() - began, 3),
                "processor": round(time.process_time() - busy, 3),
                "peak_mib": _peak_mib(),
            }
        verdict_file = json.loads(pathlib.Path(name, WITH, "verdict.json").read_bytes())
        assert verdict_file["counts"]["FAIL"] == broken
        assert verdict_file["counts"]["PASS"] == items - broken
    sys.stdout.write(json.dumps({"items": items, "broken": broken, "before_mib": before, **took}))


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    main()
