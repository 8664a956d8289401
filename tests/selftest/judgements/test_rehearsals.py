"""What is said of a rehearsal: what was reached, who waited, what came back, and what is open."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gate.contract.model import Contract
from gate.kinds.rehearsal import lacking
from gate.kinds.rehearsal.declared import apply
from gate.kinds.rehearsal.in_one import ALONE
from gate.kinds.scene import Scene
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.rehearsal.company import Bystander, Neighbour, Together
from gate.sources.rehearsal.facts import (
    EXTENSIONS,
    REVISIONS,
    ROWS,
    SERVER,
    STATISTICS,
    Back,
    CloneFacts,
    Command,
    Lack,
    Leg,
    Loss,
    Receipt,
    RehearsalFacts,
    TableLock,
)
from gate.sources.rehearsal.search import VectorFacts
from tests.selftest.given import DESK, finding, look, promised, told, unclear
from tests.selftest.judgements.test_catalogs import TABLE, catalog, database

UNCLEAR = "cannot tell (upstream): nobody tells"
ALEMBIC = '[alembic]\nfolder = "/r"\nversions = "/r/v"\n'
NONE: tuple[Command, ...] = ()


def leg(revision: str = "b", **changes: Any) -> Leg:
    """A revision that was applied."""
    facts: dict[str, Any] = {"revision": revision, "direction": "up", "seconds": 1.0}
    return Leg(**{**facts, "exit_status": 0, "output": "", "commands": Seen(NONE), **changes})


def clone(*lacks: Lack, **changes: Any) -> Seen[CloneFacts]:
    """A clone of a database with a table."""
    facts: dict[str, Any] = {"name": "c", "source": "copy", "seconds": 1.0, "bytes": 10**6}
    return Seen(CloneFacts(**{**facts, "rows": {"t": 5}, "lacks": lacks, **changes}))


def facts(**changes: Any) -> RehearsalFacts:
    """A rehearsal of one revision that went well."""
    given: dict[str, Any] = {
        "clone": clone(), "targets_clone": Seen("it did"), "up": (leg(),), "reached": Seen(("b",)),
        "after": database(), "receipts": Seen((Receipt(revision="b"),)), "heads": ("b",),
        "backs": {"a": Back(to="a", steps=("b",))}, "began": ("a",),
    }  # fmt: skip
    return RehearsalFacts(**{**given, **changes})


def contract(keys: str, head: str = "", others: dict[str, str] | None = None) -> Contract:
    """A contract of one rehearsal, and of other items."""
    found = promised({"rehearsal.x": keys}, f"{ALEMBIC}{head}")
    more = promised(others) if others else None
    return dataclasses.replace(
        found, promises={**found.promises, **(more.promises if more else {})}
    )


def said(keys: str, found: Any, head: str = "", others: dict[str, str] | None = None) -> str:
    """What is said of it."""
    fact = Seen(found) if isinstance(found, RehearsalFacts) else found
    return told(where(keys, fact, head, others), "rehearsal.x")


def where(keys: str, fact: Any, head: str = "", others: dict[str, str] | None = None) -> Scene:
    """The scene of a rehearsal."""
    return Scene(contract=contract(keys, head, others), target=DESK, moment="predeploy",
                 observed=look(rehearsal=fact))  # fmt: skip


def lock(mode: str = "AccessExclusiveLock", **changes: Any) -> TableLock:
    """A lock on a table in use."""
    return TableLock(**{"table": "t", "mode": mode, "waited_s": 0.0, "held_s": 0.1, **changes})


def command(tag: str = "ALTER TABLE", *objects: str, timeout: str = "5s") -> Command:
    """A command that was traced."""
    return Command(tag=tag, objects=objects, at_s=0.0, seconds=0.1, lock_timeout=timeout)


IX_ITEM = (
    'table = "t"\nmethod = "hnsw"\ncolumns = ["a", "b desc"]\nunique = true\n'
    'options = { m = "16" }\npredicate = "a > 0"\ninclude = ["c"]'
)
FAILED = leg(exit_status=1, output="boom")


def in_one(**changes: Any) -> Seen[Together]:
    """Two revisions in one command."""
    given: dict[str, Any] = {"steps": ("a", "b"), "seconds": 2.0, "exit_status": 0}
    return Seen(Together(**{**given, **changes}))


NO_SERVER = Lack(kind=SERVER, objects=("15",))
SOME_ROWS = Lack(kind=ROWS, objects=("t: 5 of 9",))


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("clone = true", facts(), ""),
        ("clone = true", unclear(), UNCLEAR),
        ("clone = true", facts(clone=unclear()), UNCLEAR),
        ("clone = true", facts(clone=clone(differences=("odd",))), "WARN odd"),
        ("clone = true", facts(clone=clone(NO_SERVER)), ""),
        ("clone = true", facts(left=("a role",)), "a role"),
        ("clone = true", facts(earlier=("a role",)), "WARN a role"),
        ("targets_clone = true", facts(), ""),
        ("targets_clone = true", facts(targets_clone=Absent("it did not")), "it did not"),
        ("targets_clone = true", facts(targets_clone=unclear()), UNCLEAR),
        ("targets_clone = true", facts(strangers=("x",)),
         "WARN new session on the live database meanwhile: x"),
        ("targets_clone = true", facts(targets_clone=Absent("no"), strangers=("x",)),
         "no; new session on the live database meanwhile: x"),
        ("targets_clone = true", facts(up=(leg(beyond=("- table t", "+ roles of all")),)),
         "upgrade of b: the live database itself is not as it was: - table t; + roles of all"),
        ("targets_clone = true", facts(down=(leg(direction="down", beyond=("+ role eve: login",)),)),
         "WARN roles of the live server are other ones since the downgrade of b, whoever did it: "
         "+ role eve: login"),
        ("targets_clone = true", facts(up=(leg(beyond=("+ role eve: login", "- table t")),)),
         "upgrade of b: the live database itself is not as it was: - table t; roles of the live "
         "server are other ones since the upgrade of b, whoever did it: + role eve: login"),
        ('reaches = "b"', facts(), ""),
        ('reaches = "b"', facts(left=("a role",)), "a role"),
        ('reaches = "b"', facts(reached=Seen(("a",))), "it ends at a"),
        ('reaches = "b"', facts(reached=Absent("no table")), "it ends at nothing"),
        ('reaches = "b"', facts(reached=unclear()), UNCLEAR),
        ('reaches = "b"', facts(up=(FAILED,)), "upgrade of b exited with 1 after 1.0 s: boom"),
        ('reaches = "b"', facts(problems={"b": "there is none"}), "b: there is none"),
        ('reaches = "b"', facts(problems={"c": "there is none"}), ""),
        ('reaches = "b"', facts(up=(leg(exit_status=1, output='no "vector"'),),
                                clone=clone(foreign=("extension vector",))),
         'cannot tell: b: the clone\'s server has no extension vector, which the live server has: '
         'no "vector"'),
        ('reaches = "b"', facts(up=(leg(output='no "vector"'),),
                                clone=clone(foreign=("extension vector",))), ""),
        ('reaches = "b"', facts(up=(leg(locks=(lock(),),
                                        commands=Seen((command(timeout="0"),))),)),
         "WARN AccessExclusiveLock on tables in use and no lock_timeout: b"),
        ('reaches = "b"', facts(up=(leg(locks=(lock(),), commands=Seen((command(),))),)), ""),
        ('reaches = "b"', facts(up=(leg(locks=(lock("ShareLock"),),
                                        commands=Seen((command(timeout="0"),))),)), ""),
        ('reaches = "b"', facts(up=(leg(locks=(lock(),), commands=unclear()),)), ""),
        ('reaches = "b"', facts(clone=clone(NO_SERVER)), f"cannot tell: {SERVER} of the clone "
         "are not those of the live database (15)"),
        ('reaches = "b"', facts(together=in_one()), ""),
        ('reaches = "b"', facts(together=in_one(exit_status=1, output="boom")), f"{ALONE}, it "
         "exited with 1 after 2.0 s: boom"),
        ('reaches = "b"', facts(together=in_one(exit_status=None, output="boom")), f"{ALONE}, it "
         "was ended after 2.0 s: boom"),
        ('reaches = "b"', facts(together=in_one(other=("- table t", "+ table u"))), f"{ALONE}, "
         "they lead to another catalog: - table t; + table u"),
        ('reaches = "b"', facts(together=CannotTell("why", Cause.UPSTREAM)),
         "WARN what is pending was not applied in one command, as a deployment does: why"),
        ('reaches = "b"', facts(together=in_one(exit_status=1, output='no "vector"'),
                                clone=clone(foreign=("extension vector",))),
         f"WARN {ALONE}, it exited with 1 after 2.0 s: the clone's server has no extension vector, "
         'which the live server has: no "vector"'),
        ("rewrites = []", facts(), ""),
        ("rewrites = []", facts(up=(leg(rewritten=("t",)),)),
         "t is rewritten, under AccessExclusiveLock"),
        ('rewrites = ["t"]', facts(up=(leg(rewritten=("t", "u")),)),
         "u is rewritten, under AccessExclusiveLock"),
        ("rewrites = []", facts(up=(leg(rewritten=("t",), remade={"t": "truncated"}),)),
         "t is truncated, under AccessExclusiveLock"),
        ("rewrites = []", facts(up=(leg(rewritten=("t",), remade={"t": "truncated"}),
                                    leg(rewritten=("t",)))),
         "t is rewritten and truncated, under AccessExclusiveLock"),
        ("rewrites = []", facts(reached=unclear()), UNCLEAR),
    ],
)  # fmt: skip
def test_the_way_there(keys: str, found: Any, expected: str) -> None:
    """A clone, the right database, the end of the chain, and tables that are rewritten."""
    assert said(keys, found) == expected


def by(longest_s: float, **changes: Any) -> Bystander:
    """Somebody who reads a hot table all the while."""
    given: dict[str, Any] = {"table": "t", "does": "reads", "asked": 9, "during": "b"}
    return Bystander(**{**given, "longest_s": longest_s, "error": "", **changes})


WAITS = "blocked_at_most_s = 1"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (facts(bystanders=(by(0.1), by(1.0))), ""),
        (facts(bystanders=(by(0.1), by(1.1))), "who reads t waited 1.10 s for b"),
        (facts(), "cannot tell: there was no bystander: name tables as [alembic] hot"),
        (facts(up=()), ""),
        (facts(up=(), reached=unclear()), UNCLEAR),
        (facts(bystanders=(by(1.0), by(0.1, error="lost"))),
         "cannot tell: a bystander of t got nowhere: lost"),
        (facts(bystanders=(by(1.1), by(0.1, error="lost"))), "who reads t waited 1.10 s for b"),
        (facts(bystanders=(by(0.1), by(0.1, error="lost"))),
         "cannot tell: a bystander of t got nowhere: lost"),
        (facts(bystanders=(by(0.1, asked=0),)),
         "cannot tell: a bystander of t got nowhere: no answer"),
        (facts(bystanders=(by(0.1),), up=(leg(locks=(lock(blocked_by=("x",)),)),)),
         "WARN in the way: x"),
        (facts(bystanders=(by(2.0),), up=(leg(locks=(lock(blocked_by=("x",)),)),)),
         "who reads t waited 2.00 s for b"),
        (facts(bystanders=(by(0.1),), clone=clone(SOME_ROWS)), f"cannot tell: {ROWS} of the "
         "clone are not those of the live database (t: 5 of 9)"),
    ],
)  # fmt: skip
def test_who_waited(found: RehearsalFacts, expected: str) -> None:
    """The longest of all that were there."""
    assert said(WAITS, found) == expected


def test_nobody_waits_at_all() -> None:
    """A bound of nought is one."""
    none = "blocked_at_most_s = 0"
    assert said(none, facts(bystanders=(by(0.0),))) == ""
    assert said(none, facts(bystanders=(by(0.5),))) == "who reads t waited 0.50 s for b"


def test_the_schema_afterwards() -> None:
    """Every promise about the database of the moment after holds on the clone."""
    others = {"table.t": TABLE}
    assert said("schema = true", facts(), others=others) == ""
    gone = facts(after=database(catalog=catalog(tables={})))
    assert said("schema = true", gone, others=others) == "table.t: table t is not there"
    assert said("schema = true", facts(after=unclear()), others=others) == UNCLEAR
    locked = facts(after=database(catalog=catalog(locked=("t",))))
    assert said("schema = true", locked, others=others).startswith("cannot tell (table.t on the")
    whole = {
        **others,
        "database.d": "nothing_else = true",
        "index.ix": IX_ITEM,
        "enum.mood": 'labels = ["good", "bad"]',
        "database.who": 'connects_as = "eve"',
    }
    assert said("schema = true", facts(), others=whole) == ""
    judged = finding(where("schema = true", Seen(facts()), others=whole), "rehearsal.x")
    assert judged.seen == "4 hold"
    two = {**others, "index.ix": 'table = "t"\ncolumns = ["a"]', "table.u": TABLE}
    found = where("schema = true", Seen(locked), others=two)
    judged = finding(found, "rehearsal.x")
    assert judged.broken == ("table.u: table u is not there",)
    assert judged.seen == "0 hold"
    later = {"table.t": f'{TABLE}\nbefore = "absent"', "group.g": 'group = "g"'}
    assert said("schema = true", facts(), others=later) == ""
    assert said("schema = true", gone, others=later) == "table.t: table t is not there"
    first = {"group.g": 'group = "g"', **others}
    assert said("schema = true", gone, others=first) == "table.t: table t is not there"
    many = {f"table.x{n}": TABLE for n in range(7)}
    assert said("schema = true", gone, others=many).endswith("; and 2 more")
    five = {f"table.x{n}": TABLE for n in range(5)}
    assert "more" not in said("schema = true", gone, others=five)


VECTOR = """[rehearsal.x.vector]
table = "t"
column = "v"
index = "ix"
operator = "<=>"
limit = 5
recall = 0.9
"""


def vector(**changes: Any) -> RehearsalFacts:
    """An index that answers well."""
    given: dict[str, Any] = {"plan": ("Seq Scan",), "used": True, "forced": False, "rows": 5}
    given |= {"expected": 5, "recall": 0.9, "settings": {"a": "1"}, **changes}
    return facts(vectors={"rehearsal.x": Seen(VectorFacts(**given))})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (vector(), ""),
        (vector(used=False), "the query cannot use ix: Seq Scan"),
        (vector(rows=4), "4 rows of 5 come back (a=1)"),
        (vector(recall=0.89), "recall is 0.89"),
        (vector(recall=None), ""),
        (vector(forced=True),
         "WARN on so few rows the planner prefers to read the table: ix fits all the same"),
        (vector(forced=True, recall=0.5), "recall is 0.50"),
        (facts(), "cannot tell: rehearsal.x was not asked for"),
        (facts(after=unclear()), UNCLEAR),
        (facts(vectors={"rehearsal.x": Absent("no index")}), "no index"),
        (facts(vectors={"rehearsal.x": unclear()}), UNCLEAR),
    ],
)  # fmt: skip
def test_a_vector_index(found: RehearsalFacts, expected: str) -> None:
    """That it is used, gives all rows, and the right ones."""
    assert said(VECTOR, found) == expected


def receipts(*ones: Receipt, **changes: Any) -> RehearsalFacts:
    """A rehearsal whose way back left this."""
    return facts(receipts=Seen(ones), **changes)


BACK = 'restores = "a"'
ONE_STEP = (
    "1 step of 3 up, down and up again (steps = 'pending'): b; 1 table with 5 rows; rows of the new "
    "schema in 0 tables or columns; 1s up and down, 0.0 MB of log, 0 locks on tables in use; 0ms "
    "in all"
)
DOWN = leg(direction="down", exit_status=1, output="boom")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (facts(), ""),
        (facts(receipts=unclear()), UNCLEAR),
        (facts(backs={}), "cannot tell: no way back to a was asked for"),
        (facts(problems={"a": "there is none"}), "a: there is none"),
        (receipts(), "cannot tell: nothing was rehearsed: the database is at a, and nothing lies "
         "between it and a"),
        (receipts(Receipt(revision="b", diff=("- x",))), "b leaves the catalog changed: - x"),
        (receipts(Receipt(revision="b", diff=("1", "2", "3", "4", "5", "6", "7"))),
         "b leaves the catalog changed: 1; 2; 3; 4; 5 and 2 more"),
        (receipts(Receipt(revision="b", again=("x",))), "b goes up otherwise the second time: x"),
        (receipts(Receipt(revision="b", with_rows=("x",))), "b only when rows exist: x"),
        (receipts(Receipt(revision="b", struck=("x",))), "b cannot be begun again: x"),
        (receipts(Receipt(revision="b", raced=("x",))), "b is not for several at once: x"),
        (receipts(Receipt(revision="b", rows=("t: 1", "u: 2"))),
         "b leaves other rows in t: 1, u: 2"),
        (receipts(Receipt(revision="b", failed="boom"), down=(DOWN,)),
         "downgrade of b exited with 1 after 1.0 s: boom"),
        (receipts(Receipt(revision="b", unstruck="no time")),
         "WARN not cut off half-way (no time): b"),
        (receipts(Receipt(revision="b", alone="no pg_dump")),
         "WARN pg_dump was not asked for a second opinion (no pg_dump): b"),
        (receipts(Receipt(revision="b", unwritten=("b: no key",))),
         "WARN no witness was written: b: no key"),
        (facts(half={"b": "z"}), "WARN judged by going back and up again alone, since from an "
         "empty database the history stops at z: b"),
        (facts(half={"z": "z"}), ""),
        (receipts(Receipt(revision="b"), Receipt(revision="z", rows=("t: 1",))),
         "WARN not on this way, and not clean: z (z leaves other rows in t: 1)"),
        (facts(unjudged={"b": "it is late"}),
         "cannot tell: 1 step was not judged, because it is late: b"),
        (facts(unjudged={"z": "it is late"}), ""),
        (receipts(Receipt(revision="b", diff=("x",)), unjudged={"b": "it is late"}),
         "b leaves the catalog changed: x; 1 step was not judged, because it is late: b"),
        (receipts(Receipt(revision="b", failed='no "vector"'),
                  clone=clone(foreign=("extension vector",)),
                  down=(leg(direction="down", exit_status=1, output='no "vector"'),)),
         "cannot tell: the clone's server has no extension vector, which the live server has: "
         'no "vector"'),
        (facts(clone=clone(SOME_ROWS), up=(leg(locks=(lock(),)),)),
         f"cannot tell: the clone lacks {ROWS} of the live database (t: 5 of 9), and b "
         "works on t"),
    ],
)  # fmt: skip
def test_the_way_back(found: RehearsalFacts, expected: str) -> None:
    """The catalog and the rows are as before, and nothing of it is open."""
    assert said(BACK, found) == expected


LOST = tuple(
    Loss(object=one, rows=0) for one in ("column t.c", 'column t."c.d"', "column t.u.x", "table t")
)
"""A table with columns that a later revision gave it, and a column of another schema's table."""


def test_the_point_of_no_return() -> None:
    """Of several steps the newest that is not clean."""
    way = {"a": Back(to="a", steps=("c", "b"))}
    two = receipts(Receipt(revision="c"), Receipt(revision="b", diff=("x",)), backs=way)
    assert said(BACK, two) == "b leaves the catalog changed: x; the point of no return is b"
    late = facts(backs=way, unjudged={"b": "late", "c": "late"})
    assert said(BACK, late) == "cannot tell: 2 steps were not judged, because late: c, b"


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("loses = []", facts(), ""),
        ("loses = []", receipts(), "cannot tell: nothing was rehearsed: there is no step to go back"),
        ("loses = []", receipts(Receipt(revision="z")),
         "cannot tell: nothing was rehearsed: there is no step to go back"),
        ("loses = []", receipts(Receipt(revision="b", losses=(Loss(object="table t", rows=5),))),
         "a rollback also gives up table t (5 rows)"),
        ('loses = ["t"]', receipts(Receipt(revision="b", losses=(Loss(object="table t", rows=5),))),
         ""),
        ('loses = ["t", "u"]', receipts(Receipt(revision="b", losses=LOST)),
         "a rollback also gives up column t.u.x (0 rows); WARN u is not given up"),
        ('loses = ["x"]', receipts(Receipt(revision="b", losses=(Loss(object="column t.x", rows=1),))),
         "a rollback also gives up column t.x (1 rows); WARN x is not given up"),
        ("loses = ['\"a b\"']", receipts(Receipt(revision="b", losses=(
            Loss(object='table "a b"', rows=1), Loss(object='column "a b".c', rows=1)))), ""),
        ('loses = ["t", "t.c"]', receipts(Receipt(revision="b", losses=(
            Loss(object="column t.c", rows=1), Loss(object="column t.c.d", rows=1)))),
         "a rollback also gives up column t.c.d (1 rows); WARN t is not given up"),
        ('loses = []', receipts(Receipt(revision="b", losses=LOST)),
         'a rollback also gives up column t.c (0 rows); a rollback also gives up column t."c.d" '
         "(0 rows); a rollback also gives up column t.u.x (0 rows); a rollback also gives up table t "
         "(0 rows)"),
        ('loses = ["t"]', facts(), "WARN t is not given up"),
        ("loses = []", facts(unjudged={"b": "late"}), "cannot tell: 1 steps were not judged"),
        ("loses = []", facts(receipts=unclear()), UNCLEAR),
        ("loses = []", facts(up=()), ""),
        ("loses = []", facts(backs={}), ""),
    ],
)  # fmt: skip
def test_what_a_rollback_gives_up(keys: str, found: RehearsalFacts, expected: str) -> None:
    """Nothing that is not promised to be given up."""
    assert said(keys, found) == expected


GRANTS = Lack(kind="grants", objects=("grant on table t to reader",))
ON_COLUMN = Lack(kind="grants", objects=("grant on column t.c to reader",))
SAYS = Lack(kind="comments", objects=("comment on table column t.c",))


@pytest.mark.parametrize(
    ("lack", "up", "expected"),
    [
        (GRANTS, leg(), ""),
        (GRANTS, leg(commands=Seen((command("GRANT"),))), "runs GRANT"),
        (GRANTS, leg(commands=Seen((command("CREATE TABLE"),))), ""),
        (GRANTS, leg(dropped=("table t",)), "drops table t"),
        (GRANTS, leg(dropped=("table tt",)), ""),
        (ON_COLUMN, leg(dropped=("table column t.c",)), "drops table column t.c"),
        (ON_COLUMN, leg(dropped=("table column t.d", "table u")), ""),
        (ON_COLUMN, leg(dropped=("table t",)), "drops table t"),
        (SAYS, leg(dropped=("table column t.c",)), "drops table column t.c"),
        (SAYS, leg(dropped=("table column A t.c", "table A t")), ""),
        (GRANTS, leg(commands=unclear()),
         "was not traced (event triggers need a superuser on the clone's server)"),
        (SOME_ROWS, leg(), ""),
        (SOME_ROWS, leg(locks=(lock(),)), "works on t"),
        (SOME_ROWS, leg(locks=(lock(table="u"),)), ""),
        (SOME_ROWS, leg(commands=Seen((command("ALTER TABLE", "public.t"),))), "works on t"),
        (SOME_ROWS, leg(dropped=("public.t",)), "works on t"),
        (SOME_ROWS, leg(dropped=("republic.t",)), ""),
        (Lack(kind=ROWS, objects=("republic.t: 5 of 9",)),
         leg(commands=Seen((command("ALTER TABLE", "republic.t"),))), "works on republic.t"),
        (Lack(kind=ROWS, objects=("a: b: 5 of 9",)), leg(locks=(lock(table="a: b"),)),
         "works on a: b"),
        (SOME_ROWS, leg(dropped=("trigger x on public.t",)), "works on t"),
        (SOME_ROWS, leg(rewritten=("t",)), "works on t"),
        (SOME_ROWS, leg(commands=Seen((command("CREATE INDEX", "ix"),))), "builds ix"),
        (SOME_ROWS, leg(commands=unclear()),
         "was not traced (event triggers need a superuser on the clone's server)"),
        (NO_SERVER, leg(commands=unclear()), ""),
        (Lack(kind=STATISTICS, objects=("x",)), leg(commands=unclear()), ""),
    ],
)  # fmt: skip
def test_what_a_clone_lacks(lack: Lack, up: Leg, expected: str) -> None:
    """It matters to a step that touches it."""
    found = lacking.unsure(facts(clone=clone(lack), up=(up,)), ["b"])
    prefix = f"the clone lacks {lack.kind} of the live database ({lack.objects[0]}), and b "
    assert found == ([f"{prefix}{expected}"] if expected else [])
    assert lacking.unsure(facts(clone=unclear(), up=(up,)), ["b"]) == []
    assert lacking.unsure(facts(clone=clone(lack), up=(up,)), ["z"]) == []


def test_rows_that_a_step_moved() -> None:
    """Even where the trace does not name the table."""
    found = facts(clone=clone(SOME_ROWS), receipts=Seen((Receipt(revision="b", moved=("t",)),)))
    assert lacking.unsure(found, ["b"])[0].endswith("and b works on t")
    other = facts(clone=clone(SOME_ROWS), receipts=Seen((Receipt(revision="z", moved=("t",)),)))
    assert lacking.unsure(other, ["b"]) == []
    assert lacking.unsure(facts(clone=clone(SOME_ROWS), receipts=unclear()), ["b"]) == []


@pytest.mark.parametrize(
    ("there", "words", "why"),
    [
        (("role web user",), 'no "web user"', "no role web user, which the live server has"),
        (("role web user",), 'no "user"', ""),
        (("role web user",), "no web user", ""),
        (("role a", "role b"), "kein «b»", "no role b, which the live server has"),
        ((), 'no "web user"', ""),
    ],
)
def test_what_a_server_lacks(there: tuple[str, ...], words: str, why: str) -> None:
    """By the name in quotes, in any language."""
    found = lacking.foreign(facts(clone=clone(foreign=there)), words)
    assert found == (f"the clone's server has {why}: {words}" if why else "")
    assert lacking.foreign(facts(clone=unclear()), words) == ""


@pytest.mark.parametrize(
    ("closed", "words", "about"),
    [
        (("foreign table orders x.b",), 'server "b" refused', 0),
        (("foreign table s.far", "foreign table near"), "kein «near»", 1),
        (("foreign table far",), 'no "far"', 0),
        (('foreign table s."a b.c"',), 'no "a b.c"', 0),
        (('foreign-data wrapper "a.b"',), 'no "b"', None),
        (("foreign-data wrapper far",), 'wrapper "far" has no handler', 0),
        (("foreign table s.far",), 'no "s.far"', None),
        (("foreign table s.far",), "no far", None),
        (("function dblink", "function dblink_exec"), 'the function "dblink_exec" reaches', 1),
    ],
)
def test_what_a_clone_does_not_reach(
    closed: tuple[str, ...], words: str, about: int | None
) -> None:
    """By the last part of its name, in quotes."""
    found = lacking.foreign(facts(clone=clone(closed=closed)), words)
    leads = "leads to another server, and a clone has nothing to do there"
    assert found == ("" if about is None else f"{closed[about]} {leads}: {words}")


def test_what_was_refused() -> None:
    """Is told in the words that it was refused with, and no more."""
    live = "b alters the database FAILED: x by its name, and the clone has another one"
    assert lacking.foreign(facts(), live.replace("FAILED: ", "")) == live.replace("FAILED: ", "")
    assert lacking.foreign(facts(), f"alembic FAILED: {live}") == live
    leads = "b reaches another server by a foreign server that a step made, and is kept from it"
    assert lacking.foreign(facts(), f"FAILED: {leads}") == leads
    opens = "b opens a database called shop, as the live one is, and is kept from it"
    assert lacking.foreign(facts(), f"FAILED: {opens}") == opens
    assert lacking.foreign(facts(), "FAILED: b opens a database called shop") == ""


@pytest.mark.parametrize(
    ("key", "lack", "open_"),
    [
        ("reaches", NO_SERVER, True),
        ("clone", NO_SERVER, False),
        ("targets_clone", NO_SERVER, False),
        ("vector", SOME_ROWS, True),
        ("blocked_at_most_s", SOME_ROWS, True),
        ("rewrites", SOME_ROWS, False),
        ("reaches", SOME_ROWS, True),
        ("loses", SOME_ROWS, True),
        ("rewrites", GRANTS, False),
        ("vector", Lack(kind=EXTENSIONS, objects=("extension vector: 0.8",)), True),
        ("vector", Lack(kind=EXTENSIONS, objects=("extension vectors: 0.8",)), False),
        ("vector", Lack(kind=EXTENSIONS, objects=("extension vector: 0.8 live: x",)), True),
        ("rewrites", Lack(kind=REVISIONS, objects=("a", "b", "c")), True),
        ("reaches", Lack(kind=EXTENSIONS, objects=("extension vector: 0.8",)), False),
        ("rewrites", Lack(kind=REVISIONS, objects=("a", "b", "c", "d")), True),
    ],
)
def test_what_is_needed(key: str, lack: Lack, open_: bool) -> None:  # noqa: FBT001 - a table
    """By each promise, of what a clone lacks."""
    found = lacking.needed(key, facts(clone=clone(lack), up=(leg(locks=(lock(),)),)))
    assert bool(found) is open_
    assert lacking.needed(key, facts(clone=unclear())) == []
    if len(lack.objects) > 2:
        more = " and 1 more" if len(lack.objects) > 3 else ""
        assert found[0].endswith(f"(a, b, c{more})")


def test_all_that_is_needed() -> None:
    """Each of what is lacking is named."""
    found = facts(clone=clone(NO_SERVER, SOME_ROWS), up=(leg(locks=(lock(),)),))
    assert [one.split(" (")[0] for one in lacking.needed("reaches", found)] == [
        f"{SERVER} of the clone are not those of the live database",
        f"the clone lacks {ROWS} of the live database",
    ]


ONE_WAY = '[[alembic.one_way]]\nrevision = "b"\nreason = "it is meant"\n'
CHANGES = '[[alembic.data_changes]]\nrevision = "b"\ntables = ["t"]\nreason = "it is meant"\n'
REMOVES = '[[alembic.removes]]\nrevision = "b"\nobjects = ["t.c"]\nreason = "it is meant"\n'
DOTTED = REMOVES.replace('"t.c"', "'t.\"c.d\"'")
LEFT = Receipt(revision="b", rows=("t: 5 rows, and were 4",), moved=("t",))
DROPS = leg(dropped=("table column public.t.c",))


@pytest.mark.parametrize(
    ("head", "receipt", "up", "stale"),
    [
        (ONE_WAY, Receipt(revision="b", failed="boom"), leg(), ""),
        (ONE_WAY, Receipt(revision="b"), leg(), "b is declared one-way, and can be undone"),
        (CHANGES, LEFT, leg(), ""),
        (CHANGES, Receipt(revision="b"), leg(),
         "b is declared to change rows of t, and does not"),
        (CHANGES, Receipt(revision="b", moved=("t",)), leg(),
         "b is declared to change rows of t for good, and its way down brings them back"),
        (REMOVES, Receipt(revision="b", rows=("t.c: 5 values gone",)), DROPS, ""),
        (REMOVES, Receipt(revision="b"), leg(), "b is declared to remove t.c, and does not"),
        (REMOVES, Receipt(revision="b"), leg(commands=unclear()), ""),
        (REMOVES, Receipt(revision="b"), DROPS, "b is declared to remove t.c for good, and its way "
         "down brings the content back"),
        (REMOVES, Receipt(revision="b", diff=("- column t.c: integer",)), DROPS, ""),
        (REMOVES, Receipt(revision="b", diff=("- column t.c.d: integer",)), DROPS,
         "b is declared to remove t.c for good, and its way down brings the content back"),
        (REMOVES, Receipt(revision="b", failed="boom"), DROPS, ""),
        (REMOVES, Receipt(revision="b", rows_of="empty"), DROPS, ""),
        (REMOVES.replace('"t.c"', "'\"A b\".c'"), Receipt(revision="b", rows=("A b.c: 5 gone",)),
         leg(dropped=("table column A b.c",)), ""),
        (REMOVES, Receipt(revision="b", rows=("t.c: the same number (other content)",)), DROPS, ""),
        (DOTTED, Receipt(revision="b", rows=('t."c.d": the same number (other content)',)),
         leg(dropped=('table column public.t."c.d"',)), ""),
        *((REMOVES.replace('"t.c"', f"'{written}'"), Receipt(revision="b"), leg(dropped=(one,)),
           stale)
          for written in ("Order.No", '"Order"."No"', 'public."Order"."No"', "public.Order.No")
          for one, stale in (("table column Order.No", ""),
                             ('table column public."Order"."No"', ""),
                             ("table column order.no",
                              "b is declared to remove Order.No, and does not"))),
        *((CHANGES.replace('"t"', f"'{written}'"), Receipt(revision="b", rows=("A b: 5 rows",)),
           leg(), "") for written in ("A b", '"A b"', 'public."A b"')),
    ],
)  # fmt: skip
def test_declarations(head: str, receipt: Receipt, up: Leg, stale: str) -> None:
    """What is declared is judged by whether it is so; what it explains is left out."""
    how = contract(BACK, head).alembic
    assert how is not None
    found = apply(how, facts(up=(up,)), [receipt])
    assert "; ".join(found.stale) == stale
    assert len(found.told) == 1
    assert found.told[0].endswith("it is meant")
    assert found.excused == ({"b"} if head is ONE_WAY else set())
    assert found.receipts[0].rows == ()
    other = apply(how, facts(up=(up,)), [Receipt(revision="z", rows=("t: 5",))])
    assert (other.stale, other.told, other.receipts[0].rows) == ([], [], ("t: 5",))


@pytest.mark.parametrize(
    ("head", "rows", "left"),
    [
        (CHANGES, ("t: 5 rows, and were 4", "u: 5 rows, and were 4"), ("u: 5 rows, and were 4",)),
        (REMOVES, ("t.c: 5 values gone", "u: 4 rows"), ("u: 4 rows",)),
        (REMOVES, ("t.c: the same number (other content)", "t: the same number (other content)"),
         ("t: the same number (other content)",)),
        (REMOVES, ("t.c: 5 values gone", "t: 5 rows, and were 4"), ("t: 5 rows, and were 4",)),
    ],
)  # fmt: skip
def test_a_declaration_explains_its_own(
    head: str, rows: tuple[str, ...], left: tuple[str, ...]
) -> None:
    """What it does not name is left as it was found, and is red."""
    how = contract(BACK, head).alembic
    assert how is not None
    one = Receipt(revision="b", rows=rows, moved=("t", "u"))
    found = apply(how, facts(up=(leg("a"), DROPS)), [one])
    assert found.receipts[0].rows == left
    assert found.stale == []


@pytest.mark.parametrize("head", [ONE_WAY, CHANGES, REMOVES])
def test_a_declaration_of_another_revision(head: str) -> None:
    """It waits, and hides none behind it."""
    other = head.replace('"b"', '"z"')
    how = contract(BACK, other + head).alembic
    assert how is not None
    found = apply(how, facts(up=(DROPS,)), [Receipt(revision="b", rows=("t: 5",), moved=("t",))])
    assert len(found.told) == 1


def test_a_clone_without_all_rows_shows_no_content() -> None:
    """Whether it came back is told only where all of it was there."""
    how = contract(BACK, REMOVES).alembic
    assert how is not None
    for one in (clone(SOME_ROWS), clone(rows={}), clone(rows={"t": 0}), unclear()):
        assert apply(how, facts(up=(DROPS,), clone=one), [Receipt(revision="b")]).stale == []


MEANT = "WARN the point of no return is b, as declared: it is meant"


def test_a_declared_way_back() -> None:
    """What is declared is no fault where it is so, and is one where it is not."""
    failed = receipts(Receipt(revision="b", failed="boom"), down=(DOWN,))
    assert said(BACK, failed, ONE_WAY) == MEANT
    assert said(BACK, facts(), ONE_WAY) == f"b is declared one-way, and can be undone; {MEANT}"
    way = {"a": Back(to="a", steps=("b", "c"))}
    two = receipts(
        Receipt(revision="b"),
        Receipt(revision="c", failed="boom"),
        backs=way,
        down=(leg("c", direction="down", exit_status=1, output="boom"),),
    )
    assert said(BACK, two, ONE_WAY) == (
        "b is declared one-way, and can be undone; downgrade of c exited with 1 after 1.0 s: boom; "
        f"the point of no return is c; {MEANT}"
    )


def test_what_was_not_rehearsed() -> None:
    """Is named by what it is."""
    none = Absent("nothing was rehearsed")
    for keys, changes, what in (
        (BACK, {"receipts": none}, "downgrade"),
        ("loses = []", {"receipts": none}, "downgrade"),
        ("clone = true", {"clone": none}, "clone"),
        ("schema = true", {"after": none}, "upgraded clone"),
        ("rewrites = []", {"reached": none}, "upgrade"),
        (WAITS, {"reached": none, "up": ()}, "upgrade"),
    ):
        expected = f"cannot tell (upstream): no {what}: nothing was rehearsed"
        assert said(keys, facts(**changes)) == expected
    whole = "cannot tell (upstream): no rehearsal: nothing was rehearsed"
    assert said("clone = true", none) == whole


def test_what_is_odd_on_the_way_back() -> None:
    """Of its own steps alone; one sentence for each cause."""
    said_down = leg(direction="down", notices=("it is late",))
    assert said(BACK, facts(down=(said_down,))) == "WARN the server said it is late: b"
    other = leg("z", direction="down", notices=("it is late",))
    assert said(BACK, facts(down=(other,))) == ""
    two = receipts(Receipt(revision="b", unwritten=("b: k: x", "c: j: x")))
    assert said(BACK, two) == (
        "WARN no witness was written: b: k: x; WARN no witness was written: c: j: x"
    )
    alone = Neighbour(who="pg_dump", absent="no tool")
    near = receipts(Receipt(revision="b", beside=(alone,)))
    assert said(BACK, near) == "WARN no neighbour was there (pg_dump: no tool): b"
    far = receipts(Receipt(revision="b"), Receipt(revision="z", beside=(alone,)))
    assert said(BACK, far) == ""


def test_steps_that_failed_for_want_of_an_extension() -> None:
    """They are no point of no return: nobody knows."""
    way = {"a": Back(to="a", steps=("b", "c"))}
    words = 'no "vector"'
    found = receipts(
        Receipt(revision="b", failed=words),
        Receipt(revision="c"),
        backs=way,
        clone=clone(foreign=("extension vector",)),
        down=(leg(direction="down", exit_status=1, output=words),),
    )
    assert said(BACK, found).startswith("cannot tell: the clone's server has no extension vector")


def test_what_is_left_behind() -> None:
    """Breaks the promise of a clone, where there is one; else each that is promised."""
    items = {"rehearsal.x": 'reaches = "b"', "rehearsal.y": "clone = true"}
    found = facts(left=("a role",), earlier=("a folder",))
    both = Scene(contract=promised(items, ALEMBIC), target=DESK, moment="predeploy",
                 observed=look(rehearsal=Seen(found)))  # fmt: skip
    assert told(both, "rehearsal.x") == ""
    assert told(both, "rehearsal.y") == "a role; WARN a folder"


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ('reaches = "b"', facts(problems={"b": "there is none"}, reached=unclear()),
         "b: there is none"),
        ('reaches = "b"', facts(up=(FAILED,), clone=clone(NO_SERVER)),
         "upgrade of b exited with 1 after 1.0 s: boom"),
        (BACK, receipts(Receipt(revision="b", diff=("1", "2", "3", "4", "5"))),
         "b leaves the catalog changed: 1; 2; 3; 4; 5"),
        (BACK, receipts(began=()), "cannot tell: nothing was rehearsed: the database is at "
         "nothing, and nothing lies between it and a"),
        ('loses = ["t x"]',
         receipts(Receipt(revision="b", losses=(Loss(object="table t x", rows=5),))), ""),
    ],
)  # fmt: skip
def test_at_the_edges(keys: str, found: RehearsalFacts, expected: str) -> None:
    """What is known to be wrong is said, whatever else is open."""
    assert said(keys, found) == expected


@pytest.mark.parametrize(
    ("keys", "found", "seen"),
    [
        ("clone = true", facts(), "copy in 1.0 s, 1 MB, 1 tables, 5 rows"),
        ("clone = true", facts(clone=clone(bytes=15 * 10**11)),
         "copy in 1.0 s, 1,500,000 MB, 1 tables, 5 rows"),
        ("loses = []", facts(), "nothing"),
        ('loses = ["t"]',
         receipts(Receipt(revision="b", losses=(Loss(object="table t", rows=5),))),
         "table t (5 rows)"),
        ("rewrites = []", facts(), "rewrites no table"),
        ("rewrites = []", facts(up=(leg(rewritten=("t", "u")),)), "rewrites t, u"),
        ('reaches = "b"', facts(), "a, then b in 1.0 s"),
        ('reaches = "b"', facts(up=(), began=()), "nothing, then no revision to apply"),
        (VECTOR, vector(), "index used, 5 rows, recall 0.90"),
        (VECTOR, vector(used=False, recall=None), "index not used, 5 rows, no stored vector"),
        (WAITS, facts(bystanders=(by(0.5),)),
         "at most 0.500 s (reads t); no AccessExclusiveLock on a table in use"),
        (WAITS, facts(bystanders=(by(0.5),), up=(leg(locks=(lock("ShareLock"), lock())),)),
         "at most 0.500 s (reads t); t AccessExclusiveLock waited 0.00 s, held 0.10 s"),
        (BACK, facts(history=3), f"the same catalog and rows; {ONE_STEP}"),
        (BACK, facts(history=3, unkept="the file f"), f"the same catalog and rows; {ONE_STEP}; each "
         "step began from the start: by its first connection Alembic's process has the file f"),
        (BACK, receipts(Receipt(revision="b", diff=("- x",)), history=3),
         f"not as before; {ONE_STEP}"),
    ],
)  # fmt: skip
def test_what_was_seen(keys: str, found: RehearsalFacts, seen: str) -> None:
    """In a line."""
    assert finding(where(keys, Seen(found)), "rehearsal.x").seen == seen


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("rewrites = []", "rewrites no table"),
        ('rewrites = ["t", "u"]', "rewrites t, u"),
        ("loses = []", "a rollback gives up nothing"),
        ('loses = ["u", "t"]', "a rollback gives up t, u"),
    ],
)
def test_what_is_promised(keys: str, words: str) -> None:
    """In a line, too."""
    assert finding(where(keys, Seen(facts())), "rehearsal.x").promised == words


def test_a_way_back_without_declarations() -> None:
    """A contract need not say how its migrations are made for that."""
    there = where(BACK, Seen(facts()))
    there = dataclasses.replace(there, contract=dataclasses.replace(there.contract, alembic=None))
    assert told(there, "rehearsal.x") == ""
