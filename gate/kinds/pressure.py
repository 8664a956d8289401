"""Load of the host: memory, swap, run queue, and how long work waits for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import pydantic

from gate.contract.item import Item
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.scene import Scene, unknown
from gate.rule import Is, Not, Rule
from gate.sources.fact import Absent, CannotTell, Fact, Model, Seen
from gate.sources.host.parts import cannot_tell, parts, read_parts
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section

Percent = Annotated[float, pydantic.Field(ge=0, le=100)]
LOADS = re.compile(r"(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) \d+/\d+ \d+\s*")
MEMORY = re.compile(r"^(\w+): +(\d+) kB$", re.MULTILINE)
SOME = re.compile(r"^some avg10=[\d.]+ avg60=([\d.]+) ", re.MULTILINE)


class Load(Item):
    """How busy the host is, at the moment of the look.

    Attributes:
        memory_free_mb: Memory that programs can have without swapping, in MB (10^6 bytes).
        memory_free_percent: The same in percent.
        swap_used_percent: How much of the swap may be used; 0 where there is none.
        load_per_cpu: How long the run queue may be for each processor, over five minutes.
        cpu_waits_percent: For how much of the last minute work may have waited for a processor.
        memory_waits_percent: The same for memory.
        io_waits_percent: The same for disks.
    """

    memory_free_mb: Annotated[int, pydantic.Field(gt=0)] | None = None
    memory_free_percent: Percent | None = None
    swap_used_percent: Percent | None = None
    load_per_cpu: Annotated[float, pydantic.Field(gt=0)] | None = None
    cpu_waits_percent: Percent | None = None
    memory_waits_percent: Percent | None = None
    io_waits_percent: Percent | None = None

    RULES = (Rule(Not(Is("absent", True)), "a load cannot be promised to be absent"),)


class LoadFacts(Model):
    """How busy the host is.

    Attributes:
        memory: Memory in all, and what of it is to be had, in bytes.
        swap: Swap in all, and what of it is free, in bytes.
        per_cpu: Length of the run queue for each processor, over five minutes.
        waits: Percent of the last minute that something waited, by ``cpu``, ``memory``, ``io``.
    """

    memory: Fact[tuple[int, int]]
    swap: Fact[tuple[int, int]]
    per_cpu: Fact[float]
    waits: dict[str, Fact[float]]


def script(subjects: Sequence[str]) -> str:
    """What the kernel tells."""
    del subjects
    waits = {one: f"cat /proc/pressure/{one}" for one in ("cpu", "memory", "io")}
    return parts(
        {
            "meminfo": "cat /proc/meminfo",
            "loadavg": "cat /proc/loadavg",
            "cpus": "limited grep -c '^cpu[0-9]' /proc/stat",
            **waits,
        }
    )


def read(
    section: Section, subjects: Sequence[str]
) -> Mapping[str, LoadFacts | Absent | CannotTell]:
    """One host, one load."""
    told = read_parts(section)
    memory = {name: int(kb) << 10 for name, kb in MEMORY.findall(told["meminfo"].text)}

    def pair(total: str, free: str) -> Fact[tuple[int, int]]:
        if total in memory and memory[total] >= memory.get(free, -1) >= 0:
            return Seen((memory[total], memory[free]))
        return cannot_tell(told["meminfo"], f"/proc/meminfo: {free}")

    loads, cpus = LOADS.fullmatch(told["loadavg"].text), told["cpus"].text.strip()
    per_cpu: Fact[float] = cannot_tell(told["loadavg"], "/proc/loadavg")
    if loads and cpus.isdigit() and int(cpus):
        per_cpu = Seen(float(loads[2]) / int(cpus))
    waits: dict[str, Fact[float]] = {}
    for one in ("cpu", "memory", "io"):
        some = SOME.search(told[one].text)
        waits[one] = (
            Seen(float(some[1])) if some else cannot_tell(told[one], f"/proc/pressure/{one}")
        )
    found = LoadFacts(
        memory=pair("MemTotal", "MemAvailable"),
        swap=pair("SwapTotal", "SwapFree"),
        per_cpu=per_cpu,
        waits=waits,
    )
    return dict.fromkeys(subjects, found)


LOAD = Probe[str, LoadFacts](
    name="gate.load", model=LoadFacts, script=script, read=read, light=True
)


def _differs(item: Load, found: LoadFacts, scene: Scene) -> Iterator[str | CannotTell]:
    del scene
    if item.memory_free_mb is not None or item.memory_free_percent is not None:
        yield from _memory(item, found.memory)
    if item.swap_used_percent is not None:
        if isinstance(found.swap, Seen):
            total, free = found.swap.value
            used = (total - free) * 100 / total if total else 0.0
            if used > item.swap_used_percent:
                yield f"{used:.0f} % of the swap are used"
        else:
            yield unknown(found.swap)
    most = {
        "load per processor": (item.load_per_cpu, found.per_cpu),
        "% of the time waiting for a processor": (item.cpu_waits_percent, found.waits["cpu"]),
        "% of the time waiting for memory": (item.memory_waits_percent, found.waits["memory"]),
        "% of the time waiting for disks": (item.io_waits_percent, found.waits["io"]),
    }
    for name, (bound, fact) in most.items():
        if bound is None:
            continue
        if not isinstance(fact, Seen):
            yield unknown(fact)
        elif fact.value > bound:
            yield f"{fact.value:.2f} {name}"


def _memory(item: Load, memory: Fact[tuple[int, int]]) -> Iterator[str | CannotTell]:
    if not isinstance(memory, Seen):
        yield unknown(memory)
        return
    total, free = memory.value
    if item.memory_free_mb is not None and free < item.memory_free_mb * 1e6:
        yield f"only {free / 1e6:,.0f} MB of memory free"
    if item.memory_free_percent is not None and free * 100 < item.memory_free_percent * total:
        yield f"only {free * 100 / total:.0f} % of the memory free"


def _text(found: LoadFacts) -> str:
    words = []
    if isinstance(found.memory, Seen):
        words.append(f"{found.memory.value[1] / 1e6:,.0f} MB of memory free")
    if isinstance(found.per_cpu, Seen):
        words.append(f"load {found.per_cpu.value:.2f} per processor")
    for name, fact in found.waits.items():
        words += [f"{name} waits {fact.value:g} %"] if isinstance(fact, Seen) else []
    return ", ".join(words) or "nothing was told"


KIND = HostKind(
    name="load",
    chapter="load",
    rank=38,
    model=Load,
    probe=LOAD,
    subject=lambda _, __: "host",
    called=lambda _: "load",
    promised=lambda item: listed(
        **item.model_dump(exclude_defaults=True, exclude={*Item.model_fields})
    ),
    differs=_differs,
    text=_text,
    state=lambda _: "as busy as it is",
    columns={"Now": _text},
    look=lambda _, __: "free; cat /proc/loadavg /proc/pressure/*",
    keys=lambda item, _: item.model_dump(
        mode="json", exclude_defaults=True, exclude={*Item.model_fields}
    ),
).kind
