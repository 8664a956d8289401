"""The kernel that runs: its release, what taints it, and whether a reboot is pending."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, TypeVar

import pydantic

from gate.contract.item import Item, Name, Yes
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.scene import Scene, unknown
from gate.rule import Is, Not, Rule
from gate.sources.fact import Absent, CannotTell, Fact, Model, Seen
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.script import Answers
from gate.sources.host.section import Section
from gate.version import package_meets

T = TypeVar("T")
FLAGS = re.compile(r"\d{1,10}")
RELEASE = re.compile(r"\d[\w.+~-]{1,100}")


class Kernel(Item):
    """The kernel that runs.

    Attributes:
        release: Its release, as ``uname -r`` tells it; ``6.1`` is met by 6.1.0-31-amd64.
        untainted: Nothing taints it.
        taints: Numbers of the taint flags that it may have, such as 12 (a module from elsewhere).
        no_reboot_pending: No update waits for a reboot, and no newer kernel is installed.
        parameters: Words that its command line must have.
        modules: Modules that must be loaded or built in.
        modules_not: Modules that must not be loaded.
    """

    release: Name | None = None
    untainted: Yes | None = None
    taints: tuple[Annotated[int, pydantic.Field(ge=0, le=31)], ...] = ()
    no_reboot_pending: Yes | None = None
    parameters: tuple[Name, ...] = ()
    modules: tuple[Name, ...] = ()
    modules_not: tuple[Name, ...] = ()

    RULES = (Rule(Not(Is("absent", True)), "a kernel cannot be promised to be absent"),)


class KernelFacts(Model):
    """The kernel that runs.

    Attributes:
        release: As ``uname -r`` tells it.
        taints: Numbers of its taint flags.
        pending: Why a reboot is pending; empty where none is.
        parameters: Words of its command line that were asked for, and are there.
        modules: Modules that were asked for, and are loaded or built in.
    """

    release: str
    taints: Fact[tuple[int, ...]]
    pending: Fact[tuple[str, ...]]
    parameters: Fact[tuple[str, ...]]
    modules: Fact[tuple[str, ...]]


WORDS = re.compile(r"[A-Za-z]+")
VERSION = re.compile(r"[\d.+_-]*")
Subject = tuple[tuple[str, ...], tuple[str, ...]]
"""Parameters and modules that are asked for; the rest is there for every kernel."""


def script(subjects: Sequence[Subject]) -> str:
    """What the kernel tells of itself, and which others are installed."""
    del subjects
    return parts(
        {
            "release": "cat /proc/sys/kernel/osrelease",
            "tainted": "cat /proc/sys/kernel/tainted",
            "cmdline": "cat /proc/cmdline",
            "modules": "modules",
            "reboot": "reboot",
        },
        functions=FUNCTIONS,
    )


FUNCTIONS = r"""
modules() {
  [ ! -e /proc/modules ] || limited cut -d ' ' -f 1 /proc/modules || return
  builtin=/lib/modules/$(cat /proc/sys/kernel/osrelease)/modules.builtin
  [ ! -r "$builtin" ] || limited sed 's,.*/,,; s,[.]ko.*,,' "$builtin"
  echo .
}
reboot() {
  limited ls -d /run/. >/dev/null || return
  for file in /run/reboot-required /var/run/reboot-required; do
    [ ! -e $file ] || echo "flag $file"
  done
  for folder in /lib/modules/*/kernel /usr/lib/modules/*/kernel; do
    [ ! -d "$folder" ] || { name=${folder%/kernel}; echo "kernel ${name##*/}"; }
  done
  echo .
}
"""


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, KernelFacts | Absent | CannotTell]:
    """The one kernel there is; of its words only those that were asked for."""
    told = read_parts(section)
    release = told["release"].text.strip()
    if not RELEASE.fullmatch(release):
        return dict.fromkeys(subjects, cannot_tell(told["release"], "/proc/sys/kernel/osrelease"))
    return {
        (parameters, modules): KernelFacts(
            release=release,
            taints=_taints(told["tainted"]),
            pending=_pending(release, told["reboot"]),
            parameters=_words(parameters, told, "cmdline", "/proc/cmdline"),
            modules=_words(modules, told, "modules", "/proc/modules", end="."),
        )
        for parameters, modules in subjects
    }


def _taints(section: Section) -> Fact[tuple[int, ...]]:
    text = section.text.strip()
    if not FLAGS.fullmatch(text):
        return cannot_tell(section, "/proc/sys/kernel/tainted")
    flags = int(text)
    return Seen(tuple(bit for bit in range(flags.bit_length()) if flags >> bit & 1))


def _words(
    asked: Sequence[str], told: Answers, part: str, what: str, end: str = ""
) -> Fact[tuple[str, ...]]:
    words = told[part].text.split()
    if told[part].rc or not words or (end and words[-1] != end):
        return cannot_tell(told[part], what)
    known = {one.replace("-", "_") for one in words} if end else {*words}
    return Seen(tuple(one for one in asked if (one.replace("-", "_") if end else one) in known))


def _pending(release: str, section: Section) -> Fact[tuple[str, ...]]:
    lines = section.text.splitlines()
    if section.rc or not lines or lines[-1] != ".":
        return cannot_tell(section, "/run/reboot-required")
    why = [f"{line[5:]} is there" for line in lines if line.startswith("flag ")][:1]
    installed = {line[7:] for line in lines if line.startswith("kernel ")}
    newer = [one for one in installed if _is_of(one, release) and _numbers(one) > _numbers(release)]
    return Seen((*why, *(f"the newer kernel {one} is installed" for one in sorted(newer))))


def _is_of(one: str, release: str) -> bool:
    """Whether two kernels are of one flavour: of the same words, or of the same last part.

    ``6.1.0-18-amd64`` and ``6.6.13+bpo-amd64`` are, ``5.14.0-427.el9.x86_64`` and
    ``5.14.0-503.el9_5.x86_64``, ``6.6.30`` and ``6.6.31``; ``6.1.0-18-rt-x`` and ``6.1.0-18-y`` are
    not.
    """
    words, last = (
        {how(name) for name in (one, release)}
        for how in (
            lambda name: " ".join(WORDS.findall(name)),
            lambda name: name.rpartition("-")[2],
        )
    )
    return len(words) == 1 or len(last) == 1


def _numbers(release: str) -> tuple[list[int], list[int]]:
    """The numbers before the first word, and all of them, of which a build's is the last."""
    texts = (VERSION.findall(release)[0], release)
    first, every = ([int(one) for one in re.findall(r"\d+", text)] for text in texts)
    return first, every


KERNEL = Probe[Subject, KernelFacts](
    name="gate.kernel", model=KernelFacts, script=script, read=read, light=True
)


def _differs(item: Kernel, found: KernelFacts, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    if item.release is not None and not package_meets(found.release, item.release):
        yield f"release {found.release} runs"
    if item.untainted or item.taints:
        taints, why = _value(found.taints)
        yield from why
        odd = [str(one) for one in taints if one not in item.taints]
        if odd:
            yield f"it is tainted (flags {', '.join(odd)})"
    if item.no_reboot_pending:
        pending, why = _value(found.pending)
        yield from why
        yield from (f"a reboot is pending: {one}" for one in pending)
    yield from _has("parameter", item.parameters, (), found.parameters)
    yield from _has("module", item.modules, item.modules_not, found.modules)


def _has(
    noun: str, must: Sequence[str], must_not: Sequence[str], fact: Fact[tuple[str, ...]]
) -> Iterator[str | CannotTell]:
    if not must and not must_not:
        return
    if not isinstance(fact, Seen):
        yield unknown(fact)
        return
    yield from (f"no {noun} {one}" for one in must if one not in fact.value)
    yield from (f"the {noun} {one}" for one in must_not if one in fact.value)


def _value(fact: Fact[tuple[T, ...]]) -> tuple[tuple[T, ...], list[CannotTell]]:
    if isinstance(fact, Seen):
        return fact.value, []
    return (), [unknown(fact)]


def _text(found: KernelFacts) -> str:
    taints, pending = _value(found.taints)[0], _value(found.pending)[0]
    tainted = f"tainted ({', '.join(map(str, taints))})" if taints else "not tainted"
    reboot = "; ".join(map(str, pending)) or "no reboot pending"
    return f"{found.release}, {tainted}, {reboot}"


KIND = HostKind(
    name="kernel",
    chapter="kernel",
    rank=35,
    model=Kernel,
    probe=KERNEL,
    subject=lambda item, _: (item.parameters, (*item.modules, *item.modules_not)),
    called=lambda _: "kernel",
    promised=lambda item: listed(
        **item.model_dump(exclude_defaults=True, exclude={*Item.model_fields})
    ),
    differs=_differs,
    text=_text,
    columns={
        "Release": lambda one: one.release,
        "Taints": lambda one: ", ".join(map(str, _value(one.taints)[0])) or "-",
        "Pending reboot": lambda one: "; ".join(map(str, _value(one.pending)[0])) or "no",
    },
    look=lambda _, __: "uname -r; cat /proc/sys/kernel/tainted; ls /run/reboot-required",
    keys=lambda item, found: {
        **item.model_dump(mode="json", exclude_defaults=True, exclude={*Item.model_fields}),
        "release": found.release,
    },
).kind
