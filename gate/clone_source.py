"""Where clones for the rehearsal are made, and from what: a table of the target file."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from gate.contract.item import AbsolutePath, Seconds, Yes
from gate.contract.release import Environment
from gate.rule import AtLeast, Both, Filled, Has, Is, Not, Rule, Some, exactly_one
from gate.toml import Strict

MOST_JOBS, MOST_ROWS = 64, 10_000_000
KINDS = ("dump", "template", "backup", "command", "sample")

Shell = Annotated[str, pydantic.Field(min_length=1, max_length=10_000)]


class CloneSource(Strict):
    """Where clones for the rehearsal are made, and from what.

    Attributes:
        service: Service of libpq's service file whose role has CREATEDB; another server than the
            live one if you can. As a superuser there the trace is complete.
        embedded: Instead of a service: a PostgreSQL server of the gate's own, which it makes below
            ``folder`` on the host for this rehearsal and removes afterwards. Needs the programs of
            a server there (``initdb`` and ``postgres``), of the live server's version or newer.
        kind: ``dump`` (of the live database, now), ``template`` (a copy of it on the same server,
            which only works while nobody is connected to it), ``backup``, ``command`` (a branch
            that ``make`` makes), or ``sample`` (the schema, and some rows of each table).
        jobs: How many connections dump and restore at the same time, through a folder of dumped
            files below ``folder``; with 1 the rows go straight from the one to the other.
        backup: With that kind: what ``pg_dump`` wrote on the host, in any of its formats (a
            folder, an archive, or plain SQL, which may be compressed by gzip).
        make: With kind ``command``: a POSIX shell command on the host that makes a branch of the
            live database. The last line that it prints leads there, as libpq takes it
            (``postgresql://...`` or ``host=... port=... user=... dbname=...``). ``$GATE_CLONE``
            is a name that no other branch has.
        remove: Removes that branch by its name, ``$GATE_CLONE``; it is run whatever happened, also
            where ``make`` failed, and so must be content where there is nothing.
        environment: What ``make`` and ``remove`` need beside PATH, HOME, LANG and GATE_CLONE.
        make_s: How long each of them may take, in seconds.
        rows: With kind ``sample``: how many rows are taken of each table; those that they refer to
            are taken, too.
        folder: Where on the host dumped files and an embedded server find room.
        deadline_s: How long the whole rehearsal may take, in seconds.
    """

    service: Annotated[str, pydantic.Field(pattern=r"^[\w.-]+$")] | None = None
    embedded: Yes | None = None
    kind: Literal["dump", "template", "backup", "command", "sample"] = "dump"
    jobs: Annotated[int, pydantic.Field(ge=1, le=MOST_JOBS)] = 1
    backup: str = ""
    make: Shell | None = None
    remove: Shell | None = None
    environment: Environment = Environment()
    make_s: Seconds = 600.0
    rows: Annotated[int, pydantic.Field(ge=1, le=MOST_ROWS)] | None = None
    folder: AbsolutePath = "/var/tmp"  # noqa: S108 - on the host, and names in it are drawn
    deadline_s: Annotated[float, pydantic.Field(gt=0, le=86400)] = 1800.0

    RULES = (
        exactly_one("service", "embedded", "make"),
        Rule(
            Both(Filled("backup"), Is("kind", "backup")), 'backup and kind = "backup" go together'
        ),
        Rule(Both(Has("make"), Is("kind", "command")), 'make and kind = "command" go together'),
        Rule(Both(Has("make"), Has("remove")), "make and remove go together"),
        Rule(Both(Has("rows"), Is("kind", "sample")), 'rows and kind = "sample" go together'),
        Rule(
            Some(Not(Is("kind", "template")), Has("service")),
            'kind = "template" copies on the live server: it needs service',
        ),
        Rule(
            Some(
                Not(AtLeast("jobs", 2)),
                Is("kind", "backup"),
                Not(Some(Is("kind", "template"), Is("kind", "command"), Is("kind", "sample"))),
            ),
            'jobs goes with kind = "dump" and kind = "backup"',
        ),
    )
