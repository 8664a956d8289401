"""Queries of a MySQL or MariaDB server, asked on the host by its own client.

A kind of promise for atum-desk-gate in one module; it uses nothing but public names of ``gate``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import pydantic

from gate.contract.item import AbsolutePath, Item, Name
from gate.kinds.bounds import outside
from gate.kinds.host_kind import HostKind, listed
from gate.kinds.scene import Scene
from gate.rule import Is, Not, Rule, at_least_one
from gate.secrets import known
from gate.sources.fact import Absent, CannotTell, Cause
from gate.sources.host.each import Block, blocks, each
from gate.sources.host.probe import Probe
from gate.sources.host.section import Section
from gate.target import Target

WITHIN_S = 5.0
READS = r"^\s*(?:SELECT|WITH|VALUES|SHOW|TABLE|select|with|values|show|table)\s[^;\\]*$"
"""One statement that answers rows; neither a second one nor a command of the client."""
END = "gate-end-of-answer"
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")

Subject = tuple[str, str]
"""Option file and statement."""


class Mysql(Item):
    """A statement that a MySQL or MariaDB server of the host answers, in a reading transaction.

    Attributes:
        sql: One statement that answers rows.
        defaults_file: Option file on the host that says where the server is and who asks.
        value: The one value that it must answer, as the client prints it.
        set: The values of its one column, in any order.
        at_least: What the one number that it answers must be at least.
        at_most: What that number may be at most.
    """

    sql: Annotated[str, pydantic.Field(pattern=READS)]
    defaults_file: AbsolutePath
    value: str | None = None
    set: tuple[Name, ...] | None = None
    at_least: float | None = None
    at_most: float | None = None

    RULES = (
        at_least_one("value", "set", "at_least", "at_most"),
        Rule(Not(Is("absent", True)), "an answer cannot be promised to be absent"),
    )


class Rows(pydantic.BaseModel):
    """Rows as the client prints them; NULL is ``NULL``."""

    rows: tuple[tuple[str, ...], ...]


def script(subjects: Sequence[Subject]) -> str:
    """Ask side by side."""
    return each((command(one) for one in subjects), WITHIN_S)


def command(subject: Subject) -> str:
    """The client's command; that the answer is whole is seen by a last row of ours."""
    file, sql = subject
    statements = f"START TRANSACTION READ ONLY; {sql}; ROLLBACK; SELECT '{END}'"
    words = ["mysql", f"--defaults-file={file}", "--batch", "--skip-column-names"]
    return shlex.join([*words, "--execute", statements])


def read(
    section: Section, subjects: Sequence[Subject]
) -> Mapping[Subject, Rows | Absent | CannotTell]:
    """What was answered to each; one that was told nothing of is left out."""
    return {one: answered(block) for one, block in blocks(section, subjects).items()}


def answered(block: Block) -> Rows | CannotTell:
    """The rows of one answer."""
    if block.late:
        return CannotTell(f"no answer within {WITHIN_S:g} s", Cause.TIMEOUT)
    *lines, last = block.text.splitlines() or [""]
    if block.rc != 0 or last != END:
        missing = block.rc == 127
        why = (
            known.first(block.text.strip(), 200) or f"mysql exited with {block.rc}, and was silent"
        )
        return CannotTell(why, Cause.TOOL_MISSING if missing else Cause.UPSTREAM)
    return Rows(rows=tuple(tuple(known.clean(one).split("\t")) for one in lines))


ANSWERS = Probe[Subject, Rows](
    name="gate-mysql.answers", model=Rows, script=script, read=read, deadline_s=10.0
)


def differences(item: Mysql, found: Rows, scene: Scene) -> Iterator[str | CannotTell]:
    """What of an answer is not as it is promised."""
    del scene
    if item.set is not None:
        values = [row[0] for row in found.rows]
        yield from (f"{one!r} is missing" for one in item.set if one not in values)
        yield from (f"{one!r} is not promised" for one in values if one not in item.set)
    if (item.value, item.at_least, item.at_most) == (None, None, None):
        return
    if not found.rows:
        yield "it answers no row"
    elif len(found.rows) > 1 or len(found.rows[0]) > 1:
        yield CannotTell("it answers more than one value", Cause.UPSTREAM)
    else:
        yield from one_value(item, found.rows[0][0])


def one_value(item: Mysql, value: str) -> Iterator[str | CannotTell]:
    """Judge the one value."""
    if item.value is not None and item.value != value:
        yield f"it is {value}"
    if item.at_least is None and item.at_most is None:
        return
    if NUMBER.fullmatch(value):
        yield from outside(float(value), item.at_least, item.at_most)
    else:
        yield CannotTell(f"it is no number: {value!r}", Cause.UPSTREAM)


def subject_of(item: Mysql, target: Target) -> Subject:
    """What an item asks for."""
    return (target.placed(item.defaults_file), item.sql)


def text(found: Rows) -> str:
    """An answer in short."""
    return "; ".join(", ".join(row) for row in found.rows[:5]) or "no row"


KIND = HostKind(
    name="mysql",
    chapter="mysql",
    rank=58,
    model=Mysql,
    probe=ANSWERS,
    subject=subject_of,
    called=lambda item: f"answer to {item.sql}",
    promised=lambda item: listed(
        **item.model_dump(exclude_none=True, include={"value", "set", "at_least", "at_most"})
    ),
    differs=differences,
    text=text,
    state=lambda _: "answered",
    columns={"Answer": text},
    look=lambda item, target: command(subject_of(item, target)),
    keys=lambda item, found: {
        "sql": item.sql,
        "defaults_file": item.defaults_file,
        "set": [row[0] for row in found.rows],
    },
).kind
