"""``gate.prom``: the verdict as metrics, for the textfile collector of node_exporter.

That collector refuses a sample with a timestamp of its own, so when the run was is a metric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gate.account.verdict import Word
from gate.report.account import ORDER, Account
from gate.report.text import line as one_line

name = "prometheus"
FILE = "gate.prom"


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The metrics' file."""
    del already
    return {FILE: "".join(f"{one}\n" for one in _lines(account)).encode("utf-8", "replace")}


def _lines(account: Account) -> Iterator[str]:
    verdict = account.verdict
    run = {"target": account.target.name, "moment": account.moment}
    if account.replay:
        run["replay"] = "yes"
    yield from _metric(
        "gate_verdict",
        "Whether the last run came to this verdict.",
        [({**run, "verdict": word.value}, float(verdict.word is word)) for word in Word],
    )
    yield from _metric(
        "gate_exit_status",
        "Exit status of the last run: 0 promotes.",
        [(run, verdict.exit_status)],
    )
    yield from _metric(
        "gate_advises",
        "Whether the last run blocked nothing, whatever its verdict.",
        [(run, float(account.advises))],
    )
    yield from _metric(
        "gate_items",
        "Promised items by how they ended.",
        [({**run, "outcome": one.value}, verdict.count(one)) for one in ORDER],
    )
    yield from _metric(
        "gate_items_not_run", "Items that no test accounted for.", [(run, len(verdict.not_run))]
    )
    yield from _metric(
        "gate_started_timestamp_seconds",
        "When the last run began, since 1970.",
        [(run, account.started.timestamp())],
    )
    yield from _metric(
        "gate_finished_timestamp_seconds",
        "When the last run ended, since 1970.",
        [(run, account.finished.timestamp())],
    )
    seconds = account.observed.seconds if account.observed else {}
    if seconds:
        yield from _metric(
            "gate_look_seconds",
            "How long each source was looked at.",
            [({**run, "source": source}, value) for source, value in seconds.items()],
        )


def _metric(
    metric: str, told: str, samples: list[tuple[Mapping[str, str], float]]
) -> Iterator[str]:
    yield f"# HELP {metric} {told}"
    yield f"# TYPE {metric} gauge"
    for labels, value in samples:
        text = ",".join(f'{label}="{_escaped(one)}"' for label, one in labels.items())
        yield f"{metric}{{{text}}} {value:.17g}"


def _escaped(text: str) -> str:
    return one_line(text).replace("\\", r"\\").replace('"', r"\"")
