"""``benchmark.json``: every timed answer in pytest-benchmark's own form, and a histogram of them.

The samples are the look's, not those of a test that asks again: so they are there with ``-n 2``,
where pytest-benchmark measures nothing, and with ``gate check``, which runs no test.
"""

from __future__ import annotations

import json
import platform
import re
import types
from collections.abc import Mapping, Sequence
from typing import Any

from gate.kinds.kind import Found
from gate.report.account import Account, lines_by_id
from gate.report.facts import fact_of, measured
from gate.sources.api.facts import Answer, Timing
from gate.sources.fact import Seen

name = "benchmark"
FILE = "benchmark.json"
HISTOGRAM = "benchmark.svg"
ANEW = re.compile(rb"<!--.*?-->|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What pygal makes up anew each time: the same look is the same picture."""


def render(account: Account, already: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The file, where anything was timed, and the histogram, where pygal is installed."""
    del already
    samples = _samples(account)
    if not samples:
        return {}
    found = [_metadata(id_, durations, account) for id_, durations in samples.items()]
    text = json.dumps(_document(found, account), indent=1)
    histogram = _histogram([one.as_dict(flat=True) for one in found], account)
    return {FILE: f"{text}\n".encode(), **({HISTOGRAM: histogram} if histogram else {})}


def _samples(account: Account) -> dict[str, tuple[float, ...]]:
    """The durations behind every item that is about how long something takes."""
    found = {
        one.id: _durations(fact_of(one, account.scene))
        for one in account.contract.at(account.moment)
        if measured(one, account.scene) is not None
    }
    return {id_: durations for id_, durations in found.items() if durations}


def _durations(fact: Found) -> tuple[float, ...]:
    value = fact.value if isinstance(fact, Seen) else None
    timing = value.timing if isinstance(value, Answer) else value
    return timing.samples_s if isinstance(timing, Timing) else ()


def _metadata(id_: str, durations: Sequence[float], account: Account) -> Any:
    """pytest-benchmark's own figures of one budget."""
    from pytest_benchmark.stats import Metadata  # noqa: PLC0415 - only where something was timed

    line = lines_by_id(account.verdict).get(id_)
    told = types.SimpleNamespace(
        name=id_,
        fullname=id_,
        group=None,
        param=None,
        params=None,
        extra_info={
            "target": account.target.name,
            "moment": account.moment,
            "run": account.run,
            "outcome": line.outcome.value if line else None,
        },
        cprofile_stats=None,
        has_error=False,
    )
    found = Metadata(told, iterations=1, options={})
    for one in durations:
        found.update(one)
    return found


def _document(found: Sequence[Any], account: Account) -> dict[str, Any]:
    """What pytest-benchmark would store; its machine is the gate's own, which took the time."""
    from pytest_benchmark import __version__  # noqa: PLC0415

    return {
        "machine_info": {
            "node": platform.node(),
            "machine": platform.machine(),
            "python_implementation": platform.python_implementation(),
            "python_version": platform.python_version(),
            "release": platform.release(),
            "system": platform.system(),
            "cpu": {},
        },
        "commit_info": {
            "id": account.contract.sha256,
            "time": account.started.isoformat(),
            "author_time": None,
            "dirty": False,
            "project": account.target.name,
            "branch": account.moment,
        },
        "benchmarks": [one.as_dict(include_data=True) for one in found],
        "datetime": account.finished.isoformat(),
        "version": __version__,
    }


def _histogram(rows: list[dict[str, Any]], account: Account) -> bytes:
    """A box for each budget; nothing where pygal is missing."""
    try:
        from pytest_benchmark.histogram import make_plot  # noqa: PLC0415 - needs pygal
    except ImportError:
        return b""
    title = f"{account.target.name}, {account.moment}: seconds"
    rows = [{**one, "path": None} for one in rows]
    found: bytes = make_plot(rows, title, 1.0).render()
    return ANEW.sub(lambda one: b"" if one[0].startswith(b"<!--") else b"durations", found)
