"""One answer of systemd for all who ask for the same units: the first reading, handed on.

systemd takes a millisecond and more for each unit that it is asked of, however little of it is
printed. What it has said of the units of a look is handed to a probe that asks for some of them,
block by block in the probe's own order. Where it was not whole, nothing is handed on, and the probe
asks by itself, within its own bounds.
"""

from __future__ import annotations

from gate.sources.host.facts import HostQuestions
from gate.sources.host.probe import Asked


def wanted(questions: HostQuestions) -> tuple[str, ...]:
    """Properties that probes want to know of units, beside those that are asked for anyway."""
    asked = questions.probes.values()
    names = (name for one in asked if _places(one, questions) for name in _properties(one))
    return tuple(dict.fromkeys(names))


def handed(asked: Asked, questions: HostQuestions) -> list[str]:
    """The line of shell in front of a probe that hands on what it wants; none where it cannot.

    Units are told by their place: a block is printed for each word that systemd is asked.
    """
    places = _places(asked, questions)
    if not places:
        return []
    words = " ".join(map(str, places))
    return [f"handed {len(questions.units)} {','.join(_properties(asked))} {words}"]


def _properties(asked: Asked) -> tuple[str, ...]:
    return tuple(asked.probe.properties.split(",")) if asked.probe.properties else ()


def _places(asked: Asked, questions: HostQuestions) -> list[int]:
    """Where each of its units is among those of the look, from 1; none if one of them is not."""
    probe = asked.probe
    if not probe.properties or probe.units is None or probe.at_the_end or probe.light:
        return []
    places = {unit: number for number, unit in enumerate(questions.units, 1)}
    found = [places.get(unit, 0) for unit in probe.units(asked.subjects)]
    return found if all(found) else []
