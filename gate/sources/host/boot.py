"""Whether a reboot brings a unit up: what ``default.target`` pulls in."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping

from gate.sources.fact import CannotTell, Cause, Fact, Seen
from gate.sources.host.plausible import Properties
from gate.sources.host.script import UNPULLED
from gate.sources.host.section import Section

GENERATED = "/run/systemd/generator"
"""What is below it, and below ``generator.early`` and ``.late``, is made anew at every boot."""
FLEETING = ("/run/systemd/system", "/run/systemd/transient")
"""What is below them is gone after a reboot: ``systemctl enable --runtime``, ``systemd-run``."""
LINGER = "/var/lib/systemd/linger"
"""What is below it names the managers of users who need not log in: logind starts them."""
MASKED_FOR_NOW = "masked-runtime"


@dataclasses.dataclass(frozen=True)
class Boot:
    """What is known of the next boot.

    Attributes:
        shown: Units that were asked for, and what pulls them in; ``asked`` is how that ended.
        listed: How the list of ``default.target``'s dependencies ended; ``tree`` holds its units.
        generated: Units that a generator enables, at every boot.
        fleeting: Units that are enabled until the next boot only.
        lingering: Managers of users that are started at every boot.
    """

    shown: Mapping[str, Properties]
    asked: Section
    listed: Section
    tree: frozenset[str]
    generated: frozenset[str]
    fleeting: frozenset[str]
    lingering: frozenset[str]


def read_boot(answers: Mapping[str, Section], shown: Mapping[str, Properties]) -> Boot:
    """Read the sections ``boot`` and ``runtime``."""
    listed = answers["boot"]
    own = shown.get("default.target", {}).get("Names", "").split()
    links = [pathlib.PurePosixPath(line) for line in answers["runtime"].text.splitlines()]
    generated = {link.name for link in links if str(link).startswith(GENERATED)}
    return Boot(
        shown=shown,
        asked=answers["units"],
        listed=listed,
        tree=frozenset([*own, *(line.strip() for line in listed.text.splitlines())]),
        generated=frozenset(generated),
        fleeting=frozenset(link.name for link in links if str(link).startswith(FLEETING)),
        lingering=frozenset(link.name for link in links if str(link).startswith(LINGER)),
    )


def names_of(shown: Properties) -> set[str]:
    """Every name that a unit goes by."""
    return {shown.get("Id", ""), *shown.get("Names", "").split()} - {""}


def at_boot(shown: Properties, boot: Boot) -> tuple[Fact[bool], str]:
    """Whether a reboot brings a unit up; and why."""
    found, why = _by_target(shown, boot)
    if shown.get("LoadState") != "masked" and names_of(shown) & boot.lingering:
        return Seen(value=True), "its user lingers: loginctl enable-linger"
    return found, why


def _by_target(shown: Properties, boot: Boot) -> tuple[Fact[bool], str]:
    """Whether ``default.target`` pulls a unit in, after a reboot too; and why."""
    state = shown.get("UnitFileState", "")
    names = names_of(shown)
    if (shown.get("LoadState") == "masked" or state == "masked") and state != MASKED_FOR_NOW:
        return Seen(value=False), "it is masked"
    word = state or "no unit file state"
    pulled = not _unlisted(boot) and _pulled_in(names, boot.tree, boot.shown)
    if not pulled:
        untold = _unlisted(boot) or _unread(boot)
        if untold:
            return CannotTell(untold, Cause.UPSTREAM), ""
        return Seen(value=False), f"{word}, and default.target does not pull it in"
    if state == "enabled-runtime" and not names & boot.generated and names & boot.fleeting:
        return Seen(value=False), "enabled-runtime: enabled until the next boot only"
    untold = _passing(shown, names, boot)
    if untold:
        return CannotTell(untold, Cause.UPSTREAM), ""
    return Seen(value=True), f"{word}, pulled in by default.target"


def _passing(shown: Properties, names: set[str], boot: Boot) -> str:
    """Why a unit that is pulled in now may not be after a reboot; empty where it is."""
    state, file = shown.get("UnitFileState", ""), shown.get("FragmentPath", "")
    if state == MASKED_FOR_NOW:
        return "it is masked until the next boot only, and what is behind the mask is not told"
    if file.startswith(FLEETING):
        return f"its file {file} is there until the next boot only"
    if state == "enabled-runtime" and not names & boot.generated:
        return "it is enabled for now, and no link below /run/systemd was found that says by whom"
    return ""


def _unlisted(boot: Boot) -> str:
    """Why the list of what a reboot starts is none; empty where it is one."""
    command = "systemctl list-dependencies default.target"
    if boot.listed.rc != 0:
        return f"{command}: {boot.listed.why}"
    return "" if boot.listed.text.strip() else f"{command} printed nothing, not even that target"


def _unread(boot: Boot) -> str:
    """Why what pulls a unit in may not be known; empty where it is."""
    if boot.asked.rc == UNPULLED:
        return f"not all of what pulls it in could be read: {boot.asked.why}"
    return ""


def _pulled_in(names: set[str], tree: frozenset[str], shown: Mapping[str, Properties]) -> bool:
    """Whether a unit is in the tree, or is started together with another one that is.

    ``list-dependencies`` goes down through targets alone, and takes what is only stopped together
    (PartOf) for a dependency too; so systemd's word on who pulls a unit in counts, where it says.
    """
    stack, seen = sorted(names), set(names)
    while stack:
        unit = shown.get(stack.pop(), {})
        if not any(key.endswith("By") for key in unit):
            continue
        for key in ("WantedBy", "RequiredBy", "BoundBy", "UpheldBy"):
            above = set(unit.get(key, "").split())
            if above & tree:
                return True
            stack += above - seen
            seen |= above
    told = any(key.endswith("By") for name in names for key in shown.get(name, {}))
    return not told and bool(names & tree)
