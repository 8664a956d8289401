"""Metrics of an answer, as they are promised: names, labels, and values within bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator

from gate.errors import ObservationError
from gate.secrets import known
from gate.sources.api.facts import Answer, Metrics, Sample
from gate.sources.api.metrics import family
from gate.sources.api.promised_answer import MetricPromise

MORE = 3
"""So many samples are told of one promise."""


def metrics(promised: tuple[MetricPromise, ...], answer: Answer) -> Iterator[str]:
    """What is wrong with the metrics that an answer exposes.

    Raises:
        ObservationError: It cannot be told.
    """
    found = answer.metrics
    unread = answer.unread or (found.unread if found else "not looked at")
    if unread or found is None:
        raise ObservationError(f"cannot tell (upstream): the metrics of {answer.url}: {unread}")
    if found.flaw:
        yield found.flaw
        return
    for one in promised:
        yield from _one(one, found)


def _one(promised: MetricPromise, found: Metrics) -> Iterator[str]:
    samples = [one for one in found.samples if _meant(promised, one)]
    called = _called(promised.name, promised.labels)
    if promised.absent:
        yield from (f"there is {_told(one)}" for one in samples[:MORE])
        return
    type_ = found.types.get(promised.name) or found.types.get(family(promised.name))
    if promised.type is not None and type_ != promised.type:
        yield f"{promised.name} is declared as {type_ or 'nothing'}, not {promised.type}"
    if not samples and not promised.declared_only:
        yield f"there is no sample of {called}"
    wrong = [one for one in samples if not _within(promised, one)]
    yield from (f"{_told(one)}, promised {_bounds(promised)}" for one in wrong[:MORE])
    if len(wrong) > MORE:
        yield f"and {len(wrong) - MORE} more of {called}"


def _meant(promised: MetricPromise, sample: Sample) -> bool:
    return sample.name == promised.name and promised.labels.items() <= sample.labels.items()


def _within(promised: MetricPromise, sample: Sample) -> bool:
    """What is no number is within no bounds."""
    if promised.at_least is None and promised.at_most is None:
        return True
    value = float(sample.value)
    if math.isnan(value):
        return False
    least, most = promised.at_least, promised.at_most
    return (least is None or value >= least) and (most is None or value <= most)


def _bounds(promised: MetricPromise) -> str:
    named = (("at least", promised.at_least), ("at most", promised.at_most))
    return " and ".join(f"{word} {value:g}" for word, value in named if value is not None)


def _told(sample: Sample) -> str:
    return known.first(f"{_called(sample.name, sample.labels)} {sample.value}", 200)


def _called(name: str, labels: dict[str, str]) -> str:
    said = ", ".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{said}}}" if said else name
