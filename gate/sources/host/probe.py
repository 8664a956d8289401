"""A question that anybody may add to the one script: many subjects, one section of the answer.

A kind of promise asks ``AskProbe(PROBE, subject)`` and finds the fact by ``scene.probed(PROBE,
subject)``. All subjects of a probe are asked for by one piece of shell, among everything else that
the host is asked over the one connection. What goes wrong in a probe spoils its own subjects only.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import pydantic

from gate.errors import GateError
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Model, Seen
from gate.sources.host.section import Section

S = TypeVar("S", bound=Hashable)
F = TypeVar("F", bound=pydantic.BaseModel)

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Probe(Generic[S, F]):
    """One question that a host can be asked for many subjects at once.

    Attributes:
        name: Lower case; no other probe may be called so. Put your package's name in front.
        model: What is said of one subject; it is kept as JSON, and read back by this model.
        script: POSIX shell that answers for some subjects; it only reads, has no standard input,
            and runs by itself: nothing of it is left for other questions.
        read: What its section says of each subject: a fact of the model, `Absent` or `CannotTell`;
            a subject that is left out cannot be told.
        format: Raise it when what is kept changes its meaning: what another one kept is not judged.
        deadline_s: How long all of its subjects may take, in seconds; at most a share of the time
            that the target allows the host. Probes run side by side.
        most_kib: How much it may print, in KiB; what says more says nothing.
        at_the_end: Whether it is asked behind the settling window: what comes about by the gate's
            own first requests is there by then.
        light: Whether it asks the kernel, or a tool or two that end by themselves (`parts` sees to
            it), for a few lines: it is asked without a shell and bounds of its own, which cost
            more than it does, and one after the other.
        properties: What systemd is asked of its units, with commas between. Where all of them are
            units of the look, ``$gate_told`` holds what ``systemctl show`` has printed, in UTC, a
            block for each in their order; else it is unset, and the script asks by itself. For no
            probe that is light, or asked at the end: it is the first reading.
        units: Which units its subjects are, each once.
    """

    name: str
    model: type[F]
    script: Callable[[Sequence[S]], str]
    read: Callable[[Section, Sequence[S]], Mapping[S, F | Absent | CannotTell]]
    format: int = 1
    deadline_s: float = 5.0
    most_kib: int = 1024
    at_the_end: bool = False
    light: bool = False
    properties: str = ""
    units: Callable[[Sequence[S]], Sequence[str]] | None = None

    def __post_init__(self) -> None:
        """Refuse a name that no section of a script can have."""
        if not NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r}: a probe's name is like {NAME.pattern}")
        if self.light and self.at_the_end:
            raise ValueError(f"{self.name!r}: what is asked at the end is asked beside the others")


@dataclasses.dataclass(frozen=True)
class AskProbe(Generic[S, F]):
    """What a probe can tell of a subject: a text, or a tuple of texts and numbers."""

    probe: Probe[S, F]
    subject: S


@dataclasses.dataclass(frozen=True)
class Asked:
    """A probe with everything that it is asked for in one look; each subject once."""

    probe: Probe[Any, Any]
    subjects: tuple[Hashable, ...]


class Probed(Model):
    """What a probe told: facts by subject, as JSON.

    Attributes:
        format: Of the probe that told it.
    """

    format: int
    facts: dict[str, Fact[Any]]


def key(subject: Hashable) -> str:
    """What a fact about a subject is kept under: a text as it is, anything else as JSON."""
    return subject if isinstance(subject, str) else json.dumps(subject, ensure_ascii=False)


def gather(questions: Sequence[AskProbe[Any, Any]]) -> dict[str, Asked]:
    """Probes by name, each with its subjects in the order of asking.

    Raises:
        GateError: Two probes have one name.
    """
    found: dict[str, Asked] = {}
    for one in questions:
        asked = found.setdefault(one.probe.name, Asked(one.probe, ()))
        if asked.probe is not one.probe and asked.probe != one.probe:
            raise GateError(f"two probes are called {one.probe.name!r}: name one of them otherwise")
        if one.subject not in asked.subjects:
            found[one.probe.name] = Asked(asked.probe, (*asked.subjects, one.subject))
    return found


def written(asked: Asked) -> str | CannotTell:
    """The shell of a probe, or why there is none."""
    try:
        text = asked.probe.script(asked.subjects)
    except Exception as error:  # noqa: BLE001 - another package's: it spoils its own subjects only
        return _broken(asked.probe, "script", error)
    if "\0" in text:
        return CannotTell(f"the probe {asked.probe.name}: its script holds a NUL", Cause.UPSTREAM)
    return text


def read(asked: Asked, section: Section) -> Probed:
    """What a section says of each subject, three-valued, as it is kept."""
    probe, missing = asked.probe, _missing(asked.probe, section)
    told: Mapping[Any, Any] = {}
    text = written(asked)
    if isinstance(text, CannotTell):
        missing = text
    elif section.rc >= 0:
        try:
            told = dict(probe.read(section, asked.subjects))
        except Exception as error:  # noqa: BLE001 - as above
            missing = _broken(probe, "reader", error)
    facts = {key(one): _fact(probe, told.get(one, missing)) for one in asked.subjects}
    return Probed(format=probe.format, facts=facts)


def probed(kept: Mapping[str, Probed], probe: Probe[S, F], subject: S) -> Fact[F]:
    """A fact about a subject, by its model; what was not asked for cannot be told."""
    of_probe, where = kept.get(probe.name), f"{probe.name} {key(subject)}"
    if of_probe is None or key(subject) not in of_probe.facts:
        return CannotTell(f"{where} was not asked for in this look", Cause.UPSTREAM)
    if of_probe.format != probe.format:
        return CannotTell(
            f"{where} was kept by another version of the probe (format {of_probe.format}, "
            f"and this is {probe.format})",
            Cause.UPSTREAM,
        )
    fact = of_probe.facts[key(subject)]
    if not isinstance(fact, Seen):
        return fact
    try:
        return Seen(probe.model.model_validate(fact.value))
    except pydantic.ValidationError as error:
        words = error.errors(include_url=False)[0]["msg"]
        return CannotTell(f"{where}: what was kept is none of its facts: {words}", Cause.UPSTREAM)


def _fact(probe: Probe[Any, Any], told: object) -> Fact[Any]:
    """What is kept of a reader's word: JSON, so that a kept look says what this one does."""
    if isinstance(told, (Absent, CannotTell)):
        return told
    try:
        if isinstance(told, probe.model):
            return Seen(json.loads(told.model_dump_json()))
    except ValueError as error:
        return _broken(probe, "facts", error)
    return CannotTell(
        f"the probe {probe.name}: its reader told {type(told).__name__}, "
        f"which is no {probe.model.__name__}",
        Cause.UPSTREAM,
    )


def _missing(probe: Probe[Any, Any], section: Section) -> CannotTell:
    """Why a subject may be missing in a section."""
    if section.late:
        return CannotTell(
            f"the probe {probe.name} was ended for taking too long, before it told of this",
            Cause.TIMEOUT,
        )
    said = section.why if section.rc or section.err else "its answer has nothing on it"
    return CannotTell(f"the probe {probe.name} told nothing of this: {said}", Cause.UPSTREAM)


def _broken(probe: Probe[Any, Any], what: str, error: Exception) -> CannotTell:
    words = known.first(str(error), 300)
    return CannotTell(
        f"the probe {probe.name}: its {what} failed: {type(error).__name__}: {words}",
        Cause.UPSTREAM,
    )
