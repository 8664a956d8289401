"""Count a deployment in Allure's results: ``python tests/bench/allure_moments.py reports/sandbox``.

Of the newest deployment in a target's folder, its moments together: every item of every verdict has
one result, none counts as the retry of another (neither for Allure 2 nor for Allure 3), and failed
are exactly the items that the verdicts have as FAIL. Says how many; else what is not so, and ends
with 1.
"""

from __future__ import annotations

import json
import pathlib
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from gate.report.allure_page.story import stories
from gate.report.allure_results import FOLDER, STATUS

NOT_RUN = "skipped"


def main(folder: str) -> int:
    """Count, and say what is not as it has to be."""
    found = stories(pathlib.Path(folder))
    if not found:
        sys.stderr.write(f"{folder}: no run is there\n")
        return 1
    runs = found[-1].runs
    results = [(moment, one) for moment, run in runs.items() for one in _results(run)]
    wrong = [*_repeated([one for _, one in results])]
    for moment, run in runs.items():
        own = [one for of, one in results if of == moment]
        wrong += _compared(moment, json.loads((run / "verdict.json").read_text("utf-8")), own)
    for text in wrong:
        sys.stderr.write(f"{text}\n")
    counts = Counter(one["status"] for _, one in results)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    sys.stdout.write(
        f"{len(results)} results of {len(runs)} moments ({', '.join(runs)}): {told}; "
        f"{sum(one.startswith('retry') for one in wrong)} retries\n"
    )
    return 1 if wrong else 0


def _results(run: pathlib.Path) -> Iterator[dict[str, Any]]:
    for file in sorted((run / FOLDER).glob("*-result.json")):
        yield json.loads(file.read_text("utf-8"))


def _repeated(results: list[dict[str, Any]]) -> Iterator[str]:
    """What Allure would take for another try of the same test."""
    for way, known_by in (("Allure 2", _second), ("Allure 3", _third)):
        for key, count in Counter(map(known_by, results)).items():
            if count > 1:
                yield f"retry ({way}): {count} results are known by {key}"


def _second(result: dict[str, Any]) -> str:
    return str(result["historyId"])


def _third(result: dict[str, Any]) -> str:
    kept = [one for one in result["parameters"] if not one.get("excluded")]
    pairs = sorted(f"{one['name']}:{one['value']}" for one in kept)
    return f"{result['testCaseId']}.{pairs}"


def _compared(moment: str, verdict: dict[str, Any], own: list[dict[str, Any]]) -> Iterator[str]:
    """What the results of a moment have otherwise than its verdict."""
    wanted = Counter(
        NOT_RUN if one["id"] in verdict["not_run"] else _status(one["outcome"])
        for one in verdict["items"]
    )
    shown = Counter(one["status"] for one in own)
    if shown != wanted:
        yield f"{moment}: the verdict has {dict(wanted)}, the results have {dict(shown)}"
    failed = {one["id"] for one in verdict["items"] if one["outcome"] == "FAIL"}
    told = {_item(one) for one in own if one["status"] == "failed"}
    if failed != told:
        yield f"{moment}: failed are {sorted(told)}, and the verdict has {sorted(failed)}"


def _status(outcome: str) -> str:
    return next(status for of, status in STATUS.items() if of.value == outcome)


def _item(result: dict[str, Any]) -> str:
    """The id of an item: Allure's story of it."""
    return str(next(one["value"] for one in result["labels"] if one["name"] == "story"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
