"""What is said of a database as a whole: who came, what nobody promised, what is not as before."""

from __future__ import annotations

from typing import Any

import pytest

from gate.catalog.diff import Diff
from gate.catalog.model import Catalog, Constraint, Index
from gate.kinds.database import recorded
from gate.kinds.kind import State
from gate.kinds.registry import kinds
from gate.kinds.unspoken import (
    MOST,
    UNSAID,
    Changes,
    limited,
    listed,
    matches,
    sayable,
    undeclared,
)
from gate.kinds.unspoken_roles import explained, reads_roles
from gate.kinds.unspoken_words import LONGEST, words
from gate.sources.fact import Absent, Cause, Seen
from tests.selftest.given import finding, look, scene, told, unclear
from tests.selftest.judgements.test_catalogs import ID, IX, PK, catalog, database, table

UNCLEAR = "cannot tell (upstream): nobody tells"
ITEMS = {
    "table.t": 'columns = { id = "int not null" }\nkeys = { pk = "PRIMARY KEY (id)" }',
    "index.ix": 'table = "t"\ncolumns = ["a"]',
    "enum.mood": 'labels = ["good", "bad"]',
    "extension.vector": "",
}
REST = "nothing_else = true"
ROLE = {"role reader": "login"}


def whole(objects: dict[str, str] | None = None, **changes: Any) -> Catalog:
    """A catalog that was read whole."""
    given = {**ROLE, **(objects or {})}
    tables = {"t": table(owner="navi")}
    return catalog(**{"tables": tables, "whole": True, "objects": given, **changes})


def judged(
    keys: str,
    now: Any,
    was: Any = None,
    *,
    items: dict[str, str] | None = None,
    moment: Any = "postdeploy",
) -> str:
    """What is said of it: of a catalog now, and of one before."""
    fact = database(catalog=now) if isinstance(now, Catalog) else now
    before = database(catalog=was) if isinstance(was, Catalog) else was
    baseline = None if before is None else look(database=before)
    all_ = {"database.x": keys, **(ITEMS if items is None else items)}
    return told(scene(all_, database=fact, baseline=baseline, moment=moment), "database.x")


@pytest.mark.parametrize(
    ("keys", "changes", "expected"),
    [
        ('connects_as = "*"', {}, ""),
        ('connects_as = "reader"', {}, ""),
        ('connects_as = "writer"', {}, "the gate came as reader"),
        ('connects_as = "*"', {"superuser": True},
         "the gate came as superuser reader: give it a role that can only read"),
        ('connects_as = "reader"', {"superuser": True},
         "the gate came as superuser reader: give it a role that can only read"),
        ('connects_as = "*"', {"read_only": False}, "the session could have written"),
        ('connects_as = "*"', {"rights": Seen(("INSERT on t",))}, ""),
        ('connects_as = "*"\nonly_reads = true', {"rights": Seen(())}, ""),
        ('connects_as = "*"\nonly_reads = true', {"rights": Seen(("INSERT on t", "x"))},
         "the role reader may write: INSERT on t; x"),
        ('connects_as = "*"\nonly_reads = true', {},
         "cannot tell (upstream): this look did not ask for it"),
        ('connects_as = "*"\nonly_reads = true', {"rights": unclear(), "read_only": False},
         "the session could have written"),
        ('connects_as = "*"\nonly_reads = true', {"rights": Absent("no")},
         "cannot tell (upstream): no"),
        ('connects_as = "*"', {"in_recovery": True},
         "the server is a standby or recovers: nothing can be written to it"),
        ('connects_as = "*"\nstandby = true', {"in_recovery": True, "read_only_by": Seen("x")}, ""),
        ('connects_as = "*"\nstandby = true', {}, "the server is no standby"),
        ('connects_as = "*"', {"read_only_by": Seen("")}, ""),
        ('connects_as = "*"', {"read_only_by": Seen("database")},
         "default_transaction_read_only is on (database): nothing can be written to it"),
        ('connects_as = "*"', {"read_only_by": Absent("some roles are set to write")}, ""),
        ('connects_as = "*"', {"read_only_by": unclear()}, UNCLEAR),
        ("tables = 1", {}, ""),
        ("tables = 2", {}, "1 tables"),
        ("tables = 2", {"catalog": catalog(locked=("u",))}, ""),
        ("tables = 1", {"catalog": catalog(locked=("u",))},
         "2 tables; table u is not in the contract"),
        ("tables = 1", {"catalog": catalog(tables={"t": table(), "u": table("u")})},
         "2 tables; table u is not in the contract"),
    ],
)  # fmt: skip
def test_the_database(keys: str, changes: dict[str, Any], expected: str) -> None:
    """Who came, what that role may do, and how many tables there are."""
    assert judged(keys, database(**changes)) == expected
    assert judged(keys, unclear()) == UNCLEAR


def test_a_standby_in_words() -> None:
    """What is promised of it, and what is there."""
    for standby in (True, False):
        keys = 'connects_as = "*"' + ("\nstandby = true" if standby else "")
        where = scene({"database.x": keys}, database=database(in_recovery=standby))
        found = finding(where, "database.x")
        assert found.promised.endswith("read-only, on a standby" if standby else "read-only")
        assert found.seen.endswith("16, a standby" if standby else "16")


def test_the_database_in_words() -> None:
    """What is promised of it, the row, the state, and the fact behind each."""
    kind = kinds()["database"]
    for keys, promised, row, state in (
        ('connects_as = "*"', "reachable as a role without superuser rights, read-only",
         "desk as reader", "desk as reader"),
        ('connects_as = "reader"\nonly_reads = true',
         "reachable as reader that has no right to write, read-only", "desk as reader",
         "desk as reader"),
        ("tables = 1", "1 tables", "1", "1 tables"),
        (REST, "nothing that the contract does not name; what it does not speak of is as before, "
         "or declared as its changes", "desk as reader", None),
    ):  # fmt: skip
        there = scene({"database.x": keys, **ITEMS}, database=database(rights=Seen(())))
        promise = there.contract.promise("database.x")
        found = finding(there, "database.x")
        assert found.promised == promised
        command = "\\dt" if "tables" in keys else "\\du" if "connects" in keys else "pg_dump"
        assert f" {command}" in " " + found.look.replace("'", " ")
        assert kind.row(promise, there) == {"Database": "x", "Seen": row}
        told_ = kind.state(promise, there)
        assert (told_.text if isinstance(told_, State) else told_) == state
        fact: Any = kind.find(promise, there)
        assert fact.value["tables"] == ["t"]
        assert not {"catalog", "work"} & fact.value.keys()
        assert kind.shows(promise, "predeploy") is (keys != REST)
        lost = scene({"database.x": keys, **ITEMS}, database=unclear())
        assert kind.state(promise, lost) == unclear()
        assert kind.find(promise, lost) == unclear()
    restored = scene({"database.x": "restored = true"}, moment="rollback").contract
    assert restored.promise("database.x").moments == ("rollback",)
    every = scene({"database.x": "tables = 1"}).contract.promise("database.x").moments
    assert every == ("predeploy", "postdeploy", "rollback")
    assert not kind.shows(restored.promise("database.x"), "rollback")
    there = scene({"database.x": REST, **ITEMS}, database=database(catalog=whole({"view v": "x"})))
    assert finding(there, "database.x").seen == "nothing else; 2 objects of other kinds"


def test_what_is_recorded_of_a_database() -> None:
    """The listing of what no item tells, where it was read whole."""
    found = {one.name: one.keys for one in recorded(whole({"view v": "x"}))}
    assert found["connection"]["connects_as"] == "*"
    assert found["tables"]["tables"] == 1
    assert found["nothing_else"]["nothing_else"] is True
    assert found["nothing_else"]["listing"] == {
        "extension vector": "0.8 in public", "role reader": "login", "view v": "x",
        "table t": "permanent, owner navi",
    }  # fmt: skip
    odd = {
        "pk": PK.model_copy(update={"own": False}),
        "tr": Constraint(name="tr", definition="TRIGGER x"),
    }
    made = {"pk": MADE.model_copy(update={"placed": "fast"})}
    two = whole(tables={"t": table(owner="navi", constraints=odd)}, indexes=made)
    listing = {one.name: one.keys for one in recorded(two)}["nothing_else"]["listing"]
    assert listing["constraint t.pk"] == "inherited [fast]"
    assert "index pk" not in listing
    some = {one.name: one.keys for one in recorded(catalog(tables={}))}
    assert "listing" not in some["nothing_else"]


MADE = Index(name="pk", table="t", method="btree", columns=("id",), unique=True, constraint=True)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        (
            {"tables": {"t": table(), "b": table("b"), "a": table("a")}},
            "table a is not in the contract; table b is not in the contract",
        ),
        ({"locked": ("b",)}, "table b is not in the contract"),
        ({"indexes": {"ix": IX, "iy": IX}}, "index iy is not in the contract"),
        ({"indexes": {"ix": IX, "pk": MADE}}, ""),
        ({"enums": {"mood": ("a",), "size": ("b",)}}, "enum size is not in the contract"),
        ({"tables": {}, "indexes": {}, "enums": {}}, ""),
    ],
)
def test_strangers(changes: dict[str, Any], expected: str) -> None:
    """Tables, indexes and enums that no item names; one of a constraint is the constraint's."""
    assert judged(REST, catalog(**changes), moment="predeploy") == expected


def test_what_is_to_come_is_no_stranger_then() -> None:
    """What is promised to be absent at a moment and is there, its own item tells."""
    later = {**ITEMS, "table.u": 'before = "absent"\ncolumns = { id = "int" }'}
    both = catalog(tables={"t": table(), "u": table("u")})
    assert judged(REST, both, moment="predeploy", items=later) == ""
    assert judged(REST, both, whole(), items=later).startswith("cannot tell (upstream): the look")
    named = {**ITEMS, 'table."app.u"': 'columns = { id = "int" }'}
    two = catalog(tables={"t": table(), "app.u": table("app.u")})
    assert judged(REST, two, moment="predeploy", items=named) == ""
    assert judged(REST, two, moment="predeploy") == "table app.u is not in the contract"


VIEW = {"view v": "SELECT 1"}
GRANT = {"grant on table t to eve": "SELECT"}
HIRED = "membership of eve in reader"


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (whole(), whole(), ""),
        (whole(VIEW), whole(), "view v is gone (SELECT 1)"),
        (whole(), whole(VIEW), "view v is new (SELECT 1)"),
        (whole({"view v": ""}), whole(), "view v is gone"),
        (whole(VIEW), whole({"view v": "SELECT 2"}), "view v: SELECT 1 -> SELECT 2"),
        (whole(GRANT), whole({"grant on table t to eve": "INSERT"}),
         "grant on table t to eve: SELECT -> INSERT"),
        (whole(), whole(tables={"t": table(owner="eve")}), "table t: owner navi -> eve"),
        (whole(), whole(tables={"t": table(owner="navi", row_security=True)}),
         "table t: none -> row security"),
        (whole(tables={"t": table(owner="navi", persistence="unlogged")}), whole(),
         "table t: unlogged -> permanent"),
        (whole(), whole(extensions={"vector": "0.9"}),
         "extension vector: 0.8 in public -> 0.9 in public"),
        (whole(), whole(extensions={"vector": "0.8", "z": "1"}), "extension z is new (1)"),
        (whole(), whole(indexes={"ix": IX.model_copy(update={"placed": "fast"})}),
         "index ix: none -> fast"),
        (whole(), whole(owners={"enum mood": "eve"}), "enum mood: none -> owner eve"),
        (whole(), whole(tables={"t": table(owner="navi", columns={
            "id": ID.model_copy(update={"storage": "plain"})})}), "column t.id: none -> plain"),
        (whole(), whole(tables={"t": table(owner="navi", constraints={
            "pk": PK, "ck": Constraint(name="ck", definition="CHECK (a)", validated=False)})}), ""),
        (whole(indexes={}, enums={}), whole(indexes={}, enums={}), ""),
        (whole(), whole(enums={}), "enum mood is gone"),
        (whole(), whole({"comment on column t.id": "x"}), "comment on column t.id is new (x)"),
        (whole(tables={"t": table(owner="navi"), "v": table("v", owner="navi", columns={})}),
         whole(), "constraint v.pk is gone (PRIMARY KEY (id)); table v is gone (permanent, owner "
         "navi)"),
        (whole(), whole({"role eve": "login"}), "role eve is new (login)"),
        (whole(), whole({**GRANT, "role eve": "login"}),
         "grant on table t to eve is new (SELECT)"),
        (whole(), whole({**GRANT, "role eve": "login, superuser"}),
         "grant on table t to eve is new (SELECT); role eve is new (login, superuser)"),
        (whole({**GRANT, "role eve": "", HIRED: ""}), whole({HIRED: "x"}),
         "grant on table t to eve is gone (SELECT); membership of eve in reader: none -> x"),
        (whole(), catalog(), "cannot tell (upstream): the look now read no functions, triggers, "
         "grants and the like; look again with this contract"),
        (catalog(), whole(), "cannot tell (upstream): the look before read no functions, triggers, "
         "grants and the like; look again with this contract"),
        (whole(locked=("u", "t")), whole(), "cannot tell (timeout): locked before: u, t"),
        (whole(closed=("app",)), whole(),
         "cannot tell (permission): the role may not use the same schemas as before"),
        (whole(closed=("app",)), whole(closed=("app",)), ""),
        (whole(objects={}), catalog(whole=True, tables={"t": table(owner="navi")}),
         "cannot tell (upstream): one of the two looks read no roles and members: look again "
         "before"),
        (unclear(), whole(), UNCLEAR),
        (unclear("nobody tells", Cause.TIMEOUT), whole(), "cannot tell (timeout): nobody tells"),
        (None, whole(), "cannot tell (upstream): whether what the contract does not speak of is as "
         "before: no look from before the deployment is at hand; run `pytest -m predeploy` first, "
         "or name its observed.json with --baseline"),
    ],
)  # fmt: skip
def test_what_is_not_as_before(was: Any, now: Any, expected: str) -> None:
    """Whatever the contract does not speak of and the deployment does not declare."""
    assert judged(REST, now, was) == expected
    if isinstance(was, Catalog):
        assert judged(REST, now, was, moment="predeploy") == ""


def test_strangers_are_told_though_the_rest_cannot_be() -> None:
    """And what cannot be told beside them is no reason to be silent."""
    two = whole(tables={"t": table(owner="navi"), "u": table("u", owner="navi")})
    assert judged(REST, two) == "table u is not in the contract"
    assert judged(REST, two, whole()) == "table u is not in the contract"


def test_a_change_that_is_declared() -> None:
    """Of something that stays, and is another."""
    keys = f'{REST}\nchanges = {{ "view v" = "changed" }}'
    assert judged(keys, whole({"view v": "SELECT 2"}), whole(VIEW)) == ""
    assert judged(keys, whole(VIEW), whole(VIEW)) == "view v is declared as changed, and is not"


def test_the_schema_of_an_extension() -> None:
    """Nobody says it where it is the usual one; its version is a runtime's promise."""
    items = {**ITEMS, "runtime.v": 'label = "V"\nextension = "vector"\nversion = "0.8"'}
    bare = whole(extension_schemas={}, extensions={"vector": "0.9"})
    assert judged(REST, whole(), bare, items=items) == ""
    moved = whole(extension_schemas={"vector": "app"})
    assert judged(REST, moved, bare, items=items) == ("extension vector: in public -> in app")


DECLARED = f'{REST}\nchanges = {{ "view *" = "added", "view w" = "removed" }}'


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (whole({"view w": "1"}), whole(VIEW), ""),
        (whole(), whole(VIEW), "view w is declared as removed, and is not"),
        (whole({"view w": "1"}), whole(), "view * is declared as added, and is not"),
        (whole({"view w": "1"}), whole({**VIEW, "view z": "2"}), ""),
        (whole({"view w": "1", **VIEW}), whole({"view z": "2"}), "view v is gone (SELECT 1)"),
        (
            whole({"view w": "1", **VIEW}),
            whole({"view v": "2", "view z": "2"}),
            "view v: SELECT 1 -> 2",
        ),
    ],
)
def test_declared_changes(was: Catalog, now: Catalog, expected: str) -> None:
    """They have to happen, as they are declared; after a rollback nothing is."""
    assert judged(DECLARED, now, was) == expected
    back = judged(DECLARED, now, was, moment="rollback")
    assert back
    assert "declared" not in back
    restores = {**ITEMS, "database.y": "restored = true"}
    assert judged(DECLARED, now, was, moment="rollback", items=restores) == ""


@pytest.mark.parametrize(
    ("was", "now", "lines"),
    [
        (whole(), whole(), ""),
        (whole(VIEW), whole(), "- view v: SELECT 1"),
        (whole(), whole(VIEW), "+ view v: SELECT 1"),
        (whole(), whole(locked=("t",)), "cannot tell (timeout): locked now: t"),
        (catalog(), whole(), "cannot tell (upstream): the look before read no functions, triggers, "
         "grants and the like; look again with this contract"),
        (whole(closed=("app",)), whole(),
         "cannot tell (permission): the role may not use the same schemas as before"),
        (unclear(), whole(), UNCLEAR),
    ],
)  # fmt: skip
def test_restored(was: Any, now: Catalog, lines: str) -> None:
    """After a rollback everything is as it was."""
    assert judged("restored = true", now, was, moment="rollback") == lines
    if isinstance(was, Catalog) and not lines.startswith("cannot"):
        baseline = look(database=database(catalog=was))
        there = scene({"database.x": "restored = true"}, database=database(catalog=now),
                      baseline=baseline, moment="rollback")  # fmt: skip
        found = finding(there, "database.x")
        objects = len(now.objects)
        differences = int(bool(lines))
        assert found.promised == "the catalog of before"
        assert found.seen == (
            f"1 tables, {objects} objects of other kinds, {differences} differences"
        )


LISTING = f'{REST}\nlisting = {{ "role reader" = "login", "table t" = "permanent, owner navi", "extension vector" = "0.8 in public", "view v" = "SELECT  1" }}'


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (whole(VIEW), ""),
        (whole(), "view v is missing (SELECT 1)"),
        (whole({"view v": "SELECT 2"}), "view v: SELECT 1 -> SELECT 2"),
        (whole({**VIEW, "view w": "x"}), "view w is not listed (x)"),
        (whole({**VIEW, "view w": ""}), ""),
        (
            catalog(),
            "cannot tell (upstream): the look now read no functions, triggers, grants and "
            "the like; look again with this contract",
        ),
        (whole(VIEW, locked=("t",)), "cannot tell (timeout): locked now: t"),
    ],
)
def test_a_listing(now: Catalog, expected: str) -> None:
    """Every object of it is there as it is listed, and no other one."""
    runtime = {"runtime.v": 'label = "V"\nextension = "vector"\nversion = "0.8"'}
    items = {one: keys for one, keys in ITEMS.items() if one != "extension.vector"}
    assert judged(LISTING, now, items=items, moment="predeploy") == expected
    short = LISTING.replace('"0.8 in public"', '"in public"')
    assert judged(short, now, items={**ITEMS, **runtime}, moment="predeploy") == expected


def test_listings_in_words() -> None:
    """What may hold a secret is not written down, and then any will do."""
    assert sayable("md5 0123abcd") == sayable("mapping md5 0123abcd") == UNSAID
    assert sayable("md5 0123abcde") == "md5 0123abcde"
    assert sayable("owner navi") == "owner navi"
    assert list(listed({"a": UNSAID}, {"a": "x"})) == []
    assert list(listed({"a": UNSAID}, {})) == ["a is missing ((not written down))"]
    assert list(listed({"b": "1", "a": "1"}, {"b": "2", "a": "2"})) == ["a: 1 -> 2", "b: 1 -> 2"]


RIGHT = "grant on table books to clerk"


@pytest.mark.parametrize(
    ("listing", "there", "expected"),
    [
        ({RIGHT: "SELECT", "role clerk": "no login"}, {}, [f"{RIGHT} is missing (SELECT)"]),
        ({}, {RIGHT: "SELECT", "role clerk": "no login"}, [f"{RIGHT} is not listed (SELECT)"]),
        ({"role clerk": "no login"}, {}, ["role clerk is missing (no login)"]),
        ({}, {"role clerk": "no login"}, ["role clerk is not listed (no login)"]),
        (
            {},
            {RIGHT: "SELECT", "role clerk": "login, superuser"},
            [f"{RIGHT} is not listed (SELECT)", "role clerk is not listed (login, superuser)"],
        ),
        (
            {"table books": "permanent, owner navi"},
            {"table books": "permanent, owner clerk", "role clerk": "login"},
            ["table books: owner navi -> clerk"],
        ),
    ],
)
def test_a_role_that_only_lost_its_last_right(
    listing: dict[str, str], there: dict[str, str], expected: list[str]
) -> None:
    """It is told by the right alone: nobody dropped it, and nobody made it."""
    assert list(listed(listing, there)) == expected


def test_how_much_is_told() -> None:
    """A hundred differences, and of a definition what anybody reads."""
    many = [str(one) for one in range(MOST)]
    assert list(limited(many)) == many
    assert list(limited([*many, "x"])) == [*many, "and 1 more differences"]
    assert list(limited([*many, "x", "y"]))[-1] == "and 2 more differences"
    long = "a" * LONGEST
    assert words("b", long) == f"b -> {long}"
    assert words("b", f"{long}a") == f"b -> {long}…"


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("permanent, owner a", "permanent, owner b", "owner a -> b"),
        ("owner a", "b", "owner a -> b"),
        ("owner a", "owner my role", "owner a -> my role"),
        ("owner a", "", "owner a -> none"),
        ("", "owner a", "none -> owner a"),
        ("a, b", "b, a", "a, b -> b, a"),
        ("a, owner b", "c, owner d", "a, owner b -> c, owner d"),
        ("setting x", "setting y", "setting x -> setting y"),
        ("x", "owner y", "x -> owner y"),
        ("owner", "owner y", "owner -> owner y"),
        ("x\n y", "x z", "x y -> x z"),
    ],
)
def test_what_two_definitions_differ_in(was: str, now: str, said: str) -> None:
    """Only what is not in both; in another order, all of it."""
    assert words(was, now) == said


@pytest.mark.parametrize(
    ("pattern", "key", "is_meant"),
    [
        ("view v", "view v", True),
        ("view v", "view vv", False),
        ("view *", "view a\nb", True),
        ("*", "", True),
        ("view .", "view v", False),
        ("grant on * to eve", "grant on table t to eve", True),
        ("grant on * to eve", "grant on table t to eve, adam", False),
    ],
)
def test_patterns_of_keys(pattern: str, key: str, is_meant: bool) -> None:  # noqa: FBT001 - a table
    """Only ``*`` has a meaning of its own."""
    assert matches(pattern, key) is is_meant


LATER = {
    **ITEMS,
    "table.u": 'before = "absent"\ncolumns = { id = "int not null" }\nkeys = { pk = "x" }',
    "enum.size": 'before = "absent"\nlabels = ["a"]',
    "extension.z": 'before = "absent"',
    'table."app.v"': 'before = "absent"\ncolumns = { id = "int not null" }',
    "column.n": 'before = "absent"\ntable = "t"\ncolumn = "n"\ndefinition = "text"',
}
NEW = {"t": table(owner="navi"), "u": table("u", owner="navi")}
DEFAULT = {"default grant of navi on tables to eve": "SELECT"}
IN_APP = {"default grant of navi in app on tables to eve": "SELECT"}
TOAST = ID.model_copy(update={"name": "m", "storage": "plain"})
WIDE = {"id": ID, "my col": ID.model_copy(update={"name": "my col"})}
IN_PUBLIC = {"default grant of navi in public on tables to eve": "SELECT"}
FOR_SEQUENCES = {"default grant of navi on sequences to eve": "USAGE"}


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (whole(), whole(tables=NEW), ""),
        (whole(), whole(tables={**NEW, "u": table("u", owner="eve")}),
         "table u is new (permanent, owner eve)"),
        (whole(), whole(tables={**NEW, "u": table("u", owner="navi", row_security=True)}),
         "table u is new (permanent, row security, owner navi)"),
        (whole(), whole({"comment on table u": "x", "comment on column u.id": "y"}, tables=NEW),
         ""),
        (whole(), whole({"comment on table t": "x"}, tables=NEW),
         "comment on table t is new (x)"),
        (whole(), whole({"comment on column t.n": "x"}, tables={
            "t": table(owner="navi", columns={"id": ID, "n": ID})}), ""),
        (whole(), whole({"sequence u_id_seq": "bigint owned by u.id"}, tables=NEW), ""),
        (whole(), whole({"sequence u_id_seq": "bigint"}, tables=NEW),
         "sequence u_id_seq is new (bigint)"),
        (whole(), whole({"trigger u.x": "y"}, tables=NEW), "trigger u.x is new (y)"),
        (whole(), whole({"grant on table u to eve": "SELECT"}, tables=NEW),
         "grant on table u to eve is new (SELECT)"),
        (whole(DEFAULT), whole({**DEFAULT, "grant on table u to eve": "SELECT"}, tables=NEW), ""),
        (whole(DEFAULT), whole({**DEFAULT, "grant on table u to eve": "INSERT"}, tables=NEW),
         "grant on table u to eve is new (INSERT)"),
        (whole(DEFAULT), whole({**DEFAULT, "grant on table t to eve": "SELECT"}, tables=NEW),
         "grant on table t to eve is new (SELECT)"),
        (whole(IN_PUBLIC), whole({**IN_PUBLIC, "grant on table u to eve": "SELECT"}, tables=NEW),
         ""),
        (whole(FOR_SEQUENCES), whole({
            **FOR_SEQUENCES, "sequence u_id_seq": "bigint owned by u.id",
            "grant on sequence u_id_seq to eve": "USAGE"}, tables=NEW), ""),
        (whole(FOR_SEQUENCES), whole({
            **FOR_SEQUENCES, "sequence s": "bigint",
            "grant on sequence s to eve": "USAGE"}, tables=NEW, owners={"sequence s": "navi"}),
         "sequence s is new (bigint, owner navi)"),
        (whole({**FOR_SEQUENCES, "sequence s": "bigint"}, owners={"sequence s": "navi"}), whole({
            **FOR_SEQUENCES, "sequence s": "bigint", "grant on sequence s to eve": "USAGE"},
            owners={"sequence s": "navi"}),
         "grant on sequence s to eve is new (USAGE)"),
        (whole(IN_APP), whole({**IN_APP, "grant on table app.v to eve": "SELECT"},
                              tables={**NEW, "app.v": table("app.v", owner="navi")}), ""),
        (whole(FOR_SEQUENCES), whole({
            **FOR_SEQUENCES, "sequence app.v_id_seq": "bigint owned by app.v.id",
            "grant on sequence app.v_id_seq to eve": "USAGE"},
            tables={**NEW, "app.v": table("app.v", owner="navi")}), ""),
        (whole(), whole(tables={**NEW, "u": table("u", owner="navi", columns=WIDE)}), ""),
        (whole(), whole(tables={"t": table(owner="navi", columns={"id": ID, "m": TOAST})}),
         "column t.m is new (plain)"),
        (whole(), whole(tables={"t": table(owner="navi", columns={
            "id": ID, "my col": TOAST.model_copy(update={"name": "my col"})})}),
         "column t.my col is new (plain)"),
        (whole(), whole(tables={"t": table(owner="navi", constraints={"pk": PK, "ck": Constraint(
            name="ck", definition="CHECK (a)", own=False)})}),
         "constraint t.ck is new (inherited)"),
        (whole(), whole(extensions={"vector": "0.8", "z": "1"}), ""),
        (whole(), whole(extensions={"vector": "0.8", "y": "1"}), "extension y is new (1)"),
        (whole(), whole(enums={"mood": ("good", "bad"), "size": ("a",)},
                        owners={"enum size": "navi"}), ""),
        (whole(), whole(enums={"mood": ("good", "bad"), "size": ("a",)},
                        owners={"enum size": "eve"}), "enum size is new (owner eve)"),
    ],
)  # fmt: skip
def test_what_comes_with_what_is_new(was: Catalog, now: Catalog, expected: str) -> None:
    """What hangs on it and harms nobody, and the rights that were to be given."""
    assert judged(REST, now, was, items=LATER) == expected


LEAVES = {
    **ITEMS,
    "table.u": 'after = "absent"\ncolumns = { id = "int not null" }',
    "extension.z": 'after = "absent"',
}
OLD = {"t": table(owner="navi"), "u": table("u", owner="navi")}


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ({}, ""),
        ({"grant on table u to eve": "SELECT"}, ""),
        ({"grant on table v to eve": "SELECT"}, "grant on table v to eve is gone (SELECT)"),
        ({"grant on column u.id to eve": "SELECT"}, ""),
        ({"trigger u.x": "y", "policy u.y": "z", "rule u.z": "w"}, ""),
        ({"trigger v.x": "y"}, "trigger v.x is gone (y)"),
        ({"published u in p": ""}, ""),
        ({"trigger u of constraint fk": "off"}, ""),
        ({"statistics s": "a, b FROM u"}, ""),
        ({"statistics s": "a, b FROM v"}, "statistics s is gone (a, b FROM v)"),
        ({"comment on table u": "x"}, ""),
        (
            {"function f()": "x", "grant on function f() to eve": "EXECUTE"},
            "function f() is gone (x)",
        ),
        (
            {"grant on function g() to eve": "EXECUTE"},
            "grant on function g() to eve is gone (EXECUTE)",
        ),
        ({"schema app": "x", "grant on schema app to eve": "USAGE"}, "schema app is gone (x)"),
        ({"type ty": "x", "grant on type ty to eve": "USAGE"}, "type ty is gone (x)"),
    ],
)
def test_what_goes_with_what_is_gone(objects: dict[str, str], expected: str) -> None:
    """Rights on it, its triggers and the like."""
    extensions = {"vector": "0.8", "z": "1"}
    other = ID.model_copy(update={"name": "my col"})
    wide = table("u", owner="navi", columns={"id": ID, "my col": other})
    was = whole(objects, tables={**OLD, "u": wide}, extensions=extensions)
    assert judged(REST, whole(), was, items=LEAVES) == expected


@pytest.mark.parametrize(
    ("found", "keys"),
    [
        (Diff(missing={}, extra={"role e": "login", "grant on table t to e": "x"}, changed={}),
         {"role e"}),
        (Diff(missing={}, extra={"role e": "login", "grant of r to e": "x"}, changed={}),
         {"role e"}),
        (Diff(missing={}, extra={"role e": "", "default grant on tables to e": "x"}, changed={}),
         {"role e"}),
        (Diff(missing={}, extra={"role e": "login", "setting x of role e": "1"}, changed={}),
         {"role e"}),
        (Diff(missing={}, extra={"role e": "", "setting x of role e in this database": "1"},
              changed={}), {"role e"}),
        (Diff(missing={}, extra={"role e": "login"}, changed={"table t": ("owner a", "owner e")}),
         {"role e"}),
        (Diff(missing={"role e": ""}, extra={}, changed={"table t": ("x, owner e", "owner a")}),
         {"role e"}),
        (Diff(missing={"role e": ""}, extra={}, changed={"table t": ("owner a", "owner e")}),
         set()),
        (Diff(missing={}, extra={"role e": ""}, changed={"table t": ("owner e", "owner a")}),
         set()),
        (Diff(missing={}, extra={"role e": "login", "view v": "x, owner e"}, changed={}),
         {"role e"}),
        (Diff(missing={}, extra={"role e": "login", "view v": "x, owner ee"}, changed={}), set()),
        *((Diff(missing={}, extra={"role e": f"login, {power}", "grant on t to e": ""},
                changed={}), set())
          for power in ("superuser", "bypasses row security", "replication", "creates roles")),
        (Diff(missing={"role e": "", "grant on t to e": "", "membership of a in e": "",
                       "membership of e in a": ""}, extra={}, changed={}),
         {"role e", "membership of a in e"}),
        (Diff(missing={"role e": "", "membership of a in e": ""}, extra={}, changed={}), set()),
        (Diff(missing={}, extra={"role e": "", "grant on t to e": "", "membership of a in e": ""},
              changed={}), {"role e"}),
        (Diff(missing={}, extra={"schema e": "", "grant on t to e": ""}, changed={}), set()),
        (Diff(missing={"role e": "", "grant on t to e": "", "published t in e": ""}, extra={},
              changed={}), {"role e"}),
        (Diff(missing={}, extra={"role my role": "", "grant on t to my role": ""}, changed={}),
         {"role my role"}),
    ],
)  # fmt: skip
def test_roles_that_come_into_sight(found: Diff, keys: set[str]) -> None:
    """By a right that is told itself; one with power over everything is always told."""
    assert explained(found) == keys


def test_roles_that_were_read() -> None:
    """There is one at least."""
    assert reads_roles(whole())
    assert not reads_roles(catalog(whole=True, objects={"roles": ""}))


def test_undeclared_sentences_in_order() -> None:
    """By key; what is implied by something that is told is left out."""
    found = Diff(missing={"b": "1"}, extra={"a": "", "i": "x"}, changed={"c": ("1", "2")})
    changes = Changes(found, frozenset({"i"}))
    assert list(undeclared(changes, {})) == ["a is new", "b is gone (1)", "c: 1 -> 2"]
    assert list(undeclared(changes, {"*": "removed"})) == ["a is new", "c: 1 -> 2"]
    assert list(undeclared(changes, {"i": "added"})) == ["a is new", "b is gone (1)", "c: 1 -> 2"]
