"""What budgets are compared with: the medians of earlier runs that passed, kept beside the runs.

``reports/TARGET/timings/medians.jsonl`` outlives the runs themselves. A line that cannot be read
is no run; the first runs of each budget stay when the file is shortened.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import ipaddress
import json
import os
import pathlib
import statistics
from collections.abc import Iterable, Mapping
from typing import Annotated
from urllib.parse import urlsplit

import pydantic

from gate.account.verdict import Outcome, Verdict, Word
from gate.contract.model import Contract
from gate.kinds.look import questions
from gate.report import private
from gate.report.run_folder import explained
from gate.sources.api.facts import Timing
from gate.sources.api.questions import AskSamples
from gate.sources.binding import AHEAD, requests
from gate.sources.fact import Model, Seen
from gate.sources.observed import Observed
from gate.target import Readers, Target
from gate.timing import rules
from gate.timing.change import ANCHOR, LAST
from gate.timing.rules import Past, judged

FOLDER, FILE = "timings", "medians.jsonl"
READ_BYTES = 8 * 1024**2
SHORTENED_FROM = 512 * 1024
"""Bytes from which on the file is shortened to the runs that count."""


class Median(Model):
    """One budget in one run that passed.

    Attributes:
        key: What it belongs to: target, item, request, model and line of releases.
        item: The budget's id, for readers.
        look: When the look began.
        run: Name of the run's folder.
        strain: Of the gate's machine meanwhile, where the API is on it.
    """

    key: str
    item: str
    look: pydantic.AwareDatetime
    run: str
    median_s: Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)]
    samples: Annotated[int, pydantic.Field(ge=1)]
    strain: Annotated[float, pydantic.Field(ge=0, le=1)] | None = None


def key_of(asked: AskSamples, target: Target, request: str) -> str:
    """What the medians of a budget on a target are kept under.

    Args:
        asked: The budget's question.
        target: Where; an embedded one is placed anew each time.
        request: Digest of the endpoint's request.
    """
    place = (
        []
        if target.embedded
        else [target.prefix, target.api.base, *(one.base for one in target.api.bases.values())]
    )
    words = [target.name, target.host, *place, asked.budget, *asked.subject, request]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:24]


def read(place: pathlib.Path, now: dt.datetime) -> dict[str, list[Median]]:
    """Return the medians of a target by key, the oldest first; what is no such line is left out."""
    found: dict[str, dict[dt.datetime, Median]] = {}
    try:
        file = os.open(place / FOLDER / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(file, "rb") as opened:
            lines = opened.read(READ_BYTES).split(b"\n")
    except OSError:
        return {}
    for line in lines:
        try:
            one = Median.model_validate_json(line)
        except ValueError:
            continue
        if one.look <= now + AHEAD:
            found.setdefault(one.key, {})[one.look] = one
    return {key: [runs[when] for when in sorted(runs)] for key, runs in found.items()}


class Timings:
    """What the budgets of one look are compared with."""

    def __init__(
        self,
        place: pathlib.Path,
        target: Target,
        asked: Iterable[object],
        *,
        before: Observed | None,
        now: dt.datetime,
    ) -> None:
        """Read what is kept.

        Args:
            place: The target's folder of reports.
            target: Where the look is taken.
            asked: Every question of the look.
            before: A look of this very run, or one that was named, from before the deployment.
            now: When the run began.
        """
        self._target, self._before = target, before
        self._requests = requests(asked)
        self._kept = read(place, now)

    def past(self, asked: AskSamples) -> Past:
        """The earlier runs of a budget."""
        key = key_of(asked, self._target, self._requests.get(asked.endpoint, ""))
        kept = self._kept.get(key, [])
        runs = [(one.median_s, one.strain) for one in kept]
        before = self._before
        if before is not None and before.started not in {one.look for one in kept}:
            runs += _run(before, asked)
        medians = [median for median, _ in runs]
        strains = [strain for _, strain in runs[-LAST:] if strain is not None]
        return Past(
            last=tuple(medians[-LAST:]),
            anchor=tuple(medians[:ANCHOR]),
            strain=statistics.mean(strains) if strains and is_here(self._target) else None,
        )


def is_here(target: Target) -> bool:
    """Whether the API is on the gate's own machine, whose load then is the API's, too."""
    host = urlsplit(target.api.base).hostname or ""
    return target.host == "local://" and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _run(before: Observed, asked: AskSamples) -> list[tuple[float, float]]:
    """Median and strain of a look that nobody has recorded yet, where it keeps its limits."""
    timing = _timing(before, asked.endpoint)
    if timing is None or not timing.samples_s:
        return []
    found = judged(
        dataclasses.replace(asked.rules, relative=False), Past(), timing.samples_s, timing.firsts_s
    )
    kept = all(one.word is rules.Word.HOLDS for one in found)
    return [(statistics.median(timing.samples_s), timing.strain)] if kept else []


def _timing(observed: Observed, endpoint: str) -> Timing | None:
    facts = observed.api
    answer = facts.value.answers.get(endpoint) if isinstance(facts, Seen) else None
    return answer.value.timing if isinstance(answer, Seen) else None


def keep(
    place: pathlib.Path,
    verdict: Verdict,
    observed: Observed,
    *,
    contract: Contract,
    target: Target,
    run: str,
) -> None:
    """Keep the medians of a run in which nothing failed, of the budgets that passed in it.

    Raises:
        GateError: They cannot be written.
    """
    if verdict.word not in (Word.PROMOTE, Word.PARTIAL, Word.INCONCLUSIVE):
        return
    passed = {line.id for line in verdict.lines if line.outcome is Outcome.PASS}
    asked = questions(contract, target, observed.moment)
    known = requests(asked)
    found = []
    for one in asked:
        timing = _timing(observed, one.endpoint) if isinstance(one, AskSamples) else None
        if not isinstance(one, AskSamples) or one.budget not in passed or timing is None:
            continue
        if timing.samples_s and statistics.median(timing.samples_s) > 0:
            found.append(
                Median(
                    key=key_of(one, target, known.get(one.endpoint, "")),
                    item=one.budget,
                    look=observed.started,
                    run=run,
                    median_s=statistics.median(timing.samples_s),
                    samples=len(timing.samples_s),
                    strain=timing.strain if is_here(target) else None,
                )
            )
    if found:
        add(place, found, target.reports.readable_by)


def add(place: pathlib.Path, medians: Iterable[Median], readers: Readers) -> None:
    """Add medians to what is kept of a target; several gates may do so at once.

    Raises:
        GateError: The folder cannot be written to.
    """
    folder = place / FOLDER
    lines = [b"", *(one.model_dump_json().encode() for one in medians), b""]
    with explained(place):
        private.own_folder(folder, readers)
        with private.alone(folder) as is_alone:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            file = os.open(folder / FILE, flags, private.MODES[readers][1])
            try:
                os.write(file, b"\n".join(lines))  # in one piece, after whatever was cut off
                size = os.fstat(file).st_size
            finally:
                os.close(file)
            if is_alone and size > SHORTENED_FROM:
                _shorten(place, readers)


def _shorten(place: pathlib.Path, readers: Readers) -> None:
    """Leave the runs that count: the first and the newest ones of each budget."""
    kept: Mapping[str, list[Median]] = read(place, dt.datetime.now(dt.timezone.utc))
    lines = [
        one.model_dump_json().encode()
        for runs in kept.values()
        for one in (runs if len(runs) <= ANCHOR + LAST else [*runs[:ANCHOR], *runs[-LAST:]])
    ]
    private.write(place / FOLDER / FILE, b"\n".join([*lines, b""]), readers)
