"""What is said of answers of a database, of migrations, risks, triggers and waivers; and rules."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from gate.errors import ContractError, ObservationError
from gate.kinds.one_value import whole
from gate.kinds.registry import kinds
from gate.kinds.waiver import Waiver, at_moments_of_their_items, in_force
from gate.pattern import first_like, is_pattern, search
from gate.postgres import Database
from gate.rule import AtLeast, Both, Has, Is, Like, Not, One, Some, at_least_one, at_table
from gate.sources.api.facts import Answer, ApiFacts
from gate.sources.fact import Absent, Cause, Seen
from gate.sources.host.accounts import GroupFacts
from gate.sources.host.questions import revisions_key
from gate.sources.migrations.facts import Chain, Chains, Revision
from gate.sources.queries.facts import QueryFacts
from gate.sources.queries.rows import Rows
from gate.version import package_meets
from tests.selftest.given import NOW, finding, look, promised, scene, told, unclear
from tests.selftest.hosts import target
from tests.selftest.judgements.test_catalogs import catalog, database, table

UNCLEAR = "cannot tell (upstream): nobody tells"
NAN = float("nan")


def rows(*ones: tuple[Any, ...], columns: int = 1) -> Rows:
    """An answer."""
    names = tuple("abc"[:columns])
    return Rows(columns=names, rows=ones, clock=NOW)


def answers(found: Any, id_: str = "query.x") -> dict[str, Any]:
    """What the source of statements told."""
    fact = Seen(found) if isinstance(found, Rows) else found
    return {"queries": Seen(QueryFacts(answers={id_: fact}))}


def query(keys: str, found: Any, was: Any = None, moment: Any = "predeploy") -> str:
    """What is said of an answer."""
    baseline = None if was is None else look(**answers(was))
    where = scene({"query.x": f'sql = "SELECT 1"\n{keys}'}, moment=moment, baseline=baseline,
                  **answers(found))  # fmt: skip
    return told(where, "query.x")


def test_what_was_not_answered() -> None:
    """Nobody asked, or nobody tells; and how to ask oneself."""
    assert query("value = 5", Absent("gone")) == "cannot tell (upstream): no answer: gone"
    where = scene({"query.x": 'sql = "SELECT 1"\nvalue = 5'}, queries=unclear())
    assert told(where, "query.x") == UNCLEAR
    before = look(queries=unclear())
    where = scene({"query.x": f'sql = "SELECT 1"\n{SAME}'}, moment="postdeploy", baseline=before,
                  **answers(rows((5,))))  # fmt: skip
    assert told(where, "query.x") == UNCLEAR
    asked = scene({"query.x": 'sql = "SELECT 1"\nvalue = 5'}, **answers(rows((5,))))
    assert " -c 'SELECT 1' " in finding(asked, "query.x").look
    assert "service=desk" in finding(asked, "query.x").look
    keys = 'sql = "SELECT 1"\nvalue = 5\ndatabase = "more"'
    desk = target("local://")
    two = desk.database.model_copy(update={"others": {"more": Database(service="more")}})
    there = desk.model_copy(update={"database": two})
    asked = scene({"query.x": keys}, target=there, **answers(rows((5,))))
    assert "service=more" in finding(asked, "query.x").look


FUTURE = (NOW + dt.timedelta(seconds=61)).isoformat()


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("value = 5", rows((5,)), ""),
        ("value = 5", rows((6,)), "it is 6"),
        ("value = 1", rows((True,)), "it is True"),
        ('value = "true"', rows((True,)), "it is True, a boolean: write it without quotes"),
        ("value = true", rows(("true",)), "it is true, a text: write it in quotes"),
        ('value = "5"', rows((5,)), "it is 5, a number: write it without quotes"),
        ("value = true", rows((True,)), ""),
        ("value = true", rows((1,)), "it is 1"),
        ('value = "NULL"', rows((None,)), ""),
        ('value = "NULL"', rows(("NULL",)), ""),
        ('value = "NULL"', rows((0,)), "it is 0"),
        ("value = 0", rows((None,)), "it is None"),
        ("value = 5", rows(), "it answers no row"),
        ("value = 5", rows((5,), (5,)),
         "cannot tell (upstream): it answers 2 rows of 1 columns, not one value"),
        ("value = 5", rows((5, 5), columns=2),
         "cannot tell (upstream): it answers 1 rows of 2 columns, not one value"),
        ("value = 5", unclear(), UNCLEAR),
        ("at_least = 5", rows((5,)), ""),
        ("at_least = 5", rows((4.5,)), "it is only 4.5"),
        ("at_most = 5", rows((5,)), ""),
        ("at_most = 5", rows((6,)), "it is 6"),
        ("at_most = 5", rows((None,)), "it is NULL"),
        ("at_most = 5", rows(("5",)), "cannot tell (upstream): it is no number: '5'"),
        ("at_most = 5", rows((True,)), "cannot tell (upstream): it is no number: True"),
        ("set = [1, 2]", rows((2,), (1,)), ""),
        ("set = [1, 2]", rows((2,)), "1 is missing"),
        ("set = [1]", rows((1,), (2,)), "2 is not promised"),
        ("set = [1]", rows((1,), (1,)), "1 is not promised"),
        ("set = [1, 1]", rows((1,)), "1 is missing"),
        ('set = ["NULL"]', rows((None,)), ""),
        ("set = [1]", rows((1, 2), columns=2), "cannot tell (upstream): it answers 2 columns"),
        ("rows = [[1, 'a'], [2, 'NULL']]", rows((1, "a"), (2, None), columns=2), ""),
        ("rows = [[1, 'a'], [2, 'b']]", rows((2, "b"), (1, "a"), columns=2),
         "it answers 2, b; 1, a"),
        ("rows = [[1]]", rows((1, "a"), columns=2), "it answers 1, a"),
        ("rows = [[1]]", rows((1,), (2,)), "it answers 1; 2"),
        ("rows = []", rows(), ""),
        ("rows = []", rows((1,)), "it answers 1"),
        ("rows = [[1]]", rows(), "it answers no row"),
        ("rows = []", rows(*[(n,) for n in range(7)]),
         "it answers 0; 1; 2; 3; 4; and 2 rows more"),
        ("younger_than_s = 60", rows(("2025-12-31 23:59:00+00",)), ""),
        ("younger_than_s = 60", rows(("2025-12-31 23:58:59+00",)), "it is 1m old"),
        ("younger_than_s = 60", rows(("2026-01-01 01:59:59+02",)), ""),
        ("younger_than_s = 60", rows(("2025-12-31 23:59:00",)), ""),
        ("younger_than_s = 60", rows((None,)), "it is NULL"),
        ("younger_than_s = 60", rows(("soon",)), "cannot tell (upstream): it is no time: 'soon'"),
        ("younger_than_s = 60", rows((FUTURE,)),
         f"cannot tell (upstream): it is of the future: {FUTURE}"),
        ("younger_than_s = 60", rows(("2026-01-01 00:01:00+00",)), ""),
        ("not_fewer_than_before = true\nsame_as_before = true", rows((1,)), ""),
    ],
)  # fmt: skip
def test_an_answer_of_a_database(keys: str, found: Any, expected: str) -> None:
    """Values, sets, rows, numbers and times."""
    assert query(keys, found) == expected


FEWER, SAME = "not_fewer_than_before = true", "same_as_before = true"


@pytest.mark.parametrize(
    ("keys", "found", "was", "expected"),
    [
        (FEWER, rows((5,)), rows((5,)), ""),
        (FEWER, rows((6,)), rows((5,)), ""),
        (FEWER, rows((4,)), rows((5,)), "it is 4, and was 5"),
        (FEWER, rows((NAN,)), rows((5,)), "it is nan, and was 5"),
        (FEWER, rows((5,)), rows((NAN,)),
         "cannot tell (upstream): before the deployment it was no number"),
        (FEWER, rows((5,)), rows((None,)), "it is NULL"),
        (FEWER, rows((None,)), rows((5,)), "it is NULL"),
        (FEWER, rows((5,)), unclear(), UNCLEAR),
        (FEWER, rows((5,)), rows(), "it answers no row"),
        (SAME, rows((1,), (2,)), rows((2,), (1,)), ""),
        (SAME, rows((1,)), rows((1,), (1,)), "1 is gone"),
        (SAME, rows((1,), (1,)), rows((1,)), "1 has come"),
        (SAME, rows(("1",)), rows((1,)), "1 is gone; 1 has come"),
        (SAME, rows((None,)), rows(("NULL",)), "NULL is gone; NULL has come"),
        (SAME, rows((1,)), unclear(), UNCLEAR),
    ],
)  # fmt: skip
def test_an_answer_beside_the_one_before(keys: str, found: Any, was: Any, expected: str) -> None:
    """After the deployment, and when it was taken back."""
    for moment in ("postdeploy", "rollback"):
        assert query(keys, found, was, moment) == expected
    assert query(keys, found).startswith("cannot tell") is False
    assert "no look from before the deployment" in query(keys, found, None, "postdeploy")


def test_rows_of_a_table() -> None:
    """Enough of them, and no fewer than before."""
    keys = 'columns = { id = "int not null" }\nkeys = { pk = "PRIMARY KEY (id)" }\n'

    def of(more: str, found: Any, was: Any = None, moment: Any = "predeploy") -> str:
        baseline = None if was is None else look(**answers(was, "table.t"))
        where = scene({"table.t": keys + more}, database=database(), moment=moment,
                      baseline=baseline, **answers(found, "table.t"))  # fmt: skip
        return told(where, "table.t")

    assert of("at_least_rows = 5", rows((5,))) == ""
    assert of("at_least_rows = 5", rows((4,))) == "its rows are only 4"
    assert of("at_least_rows = 5", unclear()) == UNCLEAR
    odd = "cannot tell (upstream): it is no number: 'x'"
    assert of("at_least_rows = 5", rows(("x",))) == odd
    assert of("", unclear()) == ""
    assert of(FEWER, rows((4,))) == ""
    assert of(FEWER, rows((4,)), rows((5,)), "postdeploy") == "it is 4, and was 5"
    assert of(FEWER, rows((5,)), rows((5,)), "rollback") == ""


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-01-01 00:00:00.1+02", "2026-01-01 00:00:00.100000+02:00"),
        ("2026-01-01 00:00:00.1234567-02", "2026-01-01 00:00:00.123456-02:00"),
        ("2026-01-01 00:00:00+05:30", "2026-01-01 00:00:00+05:30"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_times_as_python_reads_them(text: str, read: str) -> None:
    """With minutes of their zone and six digits of their second."""
    assert whole(text) == read


CHAIN = Chain(
    folder="/v",
    revisions={
        "a": Revision(id="a", parents=(), file="a.py"),
        "b": Revision(id="b", parents=("a",), file="b.py"),
        "c": Revision(id="c", parents=("b",), file="c.py"),
    },
    heads=("c",),
    bases=("a",),
    missing=(),
    problems=(),
)


def migration(keys: str, at: Any, chain: Any = CHAIN) -> str:
    """What is said of Alembic."""
    fact = Seen(chain) if isinstance(chain, Chain) else chain
    where = scene({"migration.x": keys}, migrations=Seen(Chains(folders={"/v": fact})),
                  database=database(alembic=at))  # fmt: skip
    return told(where, "migration.x")


TWO = CHAIN.model_copy(update={"heads": ("b", "c")})
ODD = CHAIN.model_copy(update={"problems": ("a cycle",), "missing": ("z",)})
ODDLY = "a cycle; revision z is named as a parent and has no file"
FOLDER = 'folder = "/v"\n'
EVERY = 'revisions = ["a", "b", "c"]'


@pytest.mark.parametrize(
    ("keys", "at", "chain", "expected"),
    [
        ('current = "b"', Seen(("b",)), CHAIN, ""),
        ('current = "b"', Seen(("c",)), CHAIN, "the database is at c"),
        ('current = "b"', Seen(()), CHAIN, "the database is at no revision"),
        ('current = "b"', Absent("no table"), CHAIN, "the database is at no revision"),
        ('current = "b"', unclear(), CHAIN, UNCLEAR),
        ('current = "b"', Seen(("b", "c")), CHAIN,
         "the database is at b, c; alembic_version has several rows: the chain has branched"),
        ('current = "z"', Seen(("z",)), CHAIN, "no revision file knows z"),
        ('current = "z"', Seen(("z",)), unclear(), ""),
        (f'{FOLDER}head = "c"', Seen(()), CHAIN, ""),
        (f'{FOLDER}head = "b"', Seen(()), CHAIN, "the head is c"),
        (f'{FOLDER}head = "c"', Seen(()), CHAIN.model_copy(update={"heads": ()}),
         "the head is missing: there is no revision"),
        (f'{FOLDER}head = "c"', Seen(()), ODD, ODDLY),
        (f'{FOLDER}head = "c"', Seen(()), unclear(), UNCLEAR),
        (f'{FOLDER}pending = ["b", "c"]', Seen(("a",)), CHAIN, ""),
        (f'{FOLDER}pending = ["c"]', Seen(("a",)), CHAIN, "pending: b, c"),
        (f"{FOLDER}pending = []", Seen(("c",)), CHAIN, ""),
        (f'{FOLDER}pending = ["c"]', Seen(("c",)), CHAIN, "pending: nothing"),
        (f"{FOLDER}pending = []", Seen(("c",)), ODD, ODDLY),
        (f"{FOLDER}pending = []", Seen(("z",)), CHAIN,
         "cannot tell what is pending: the database is at z, which no file in /v knows"),
        (FOLDER + EVERY, Seen(()), CHAIN, ""),
        (FOLDER + EVERY, Seen(()), ODD, ODDLY),
        (f'{FOLDER}revisions = ["a", "b"]', Seen(()), CHAIN, "revision c is not promised"),
        (f'{FOLDER}revisions = ["a", "b", "c", "d"]', Seen(()), CHAIN, "revision d is missing"),
        (f'{FOLDER}revisions = ["a", "c", "b"]', Seen(()), CHAIN,
         "c comes after b, not after a; b comes after a, not after c"),
        (f'{FOLDER}revisions = ["b", "c", "a"]', Seen(()), CHAIN,
         "b comes after a, not after nothing; a comes after nothing, not after c"),
    ],
)  # fmt: skip
def test_migrations(keys: str, at: Any, chain: Any, expected: str) -> None:
    """Where the database is, and what lies before it."""
    assert migration(keys, at, chain) == expected


def test_two_heads() -> None:
    """Each of them is named."""
    said = migration(f'{FOLDER}head = "c"', Seen(()), TWO)
    assert said.startswith("2 heads: ")
    assert "b" in said
    assert "c" in said


GROUPS = {"group.a": 'group = "a"\ngid = 7\nrisk = "risk.r"', "group.b": 'group = "b"\ngid = 7'}
GOOD, BAD = GroupFacts(gid=7, members=()), GroupFacts(gid=8, members=())


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"group.a": GOOD, "group.b": BAD}, ""),
        ({"group.a": BAD, "group.b": GOOD}, "the risk materialised: group.a: gid is 8"),
        ({"group.a": unclear(), "group.b": GOOD}, UNCLEAR),
    ],
)
def test_a_risk(facts: dict[str, Any], expected: str) -> None:
    """It is judged by the items that name it."""
    items = {**GROUPS, "risk.r": 'area = "x"\nlevel = "LOW"'}
    where = scene(items, facts)
    assert told(where, "risk.r") == expected
    found = kinds()["risk"]
    if not expected:
        assert found.compare(where.contract.promise("risk.r"), where).seen == "1 of 1 hold"
    alone = {"risk.r": where.contract.promise("risk.r")}
    alone_at = dataclasses.replace(
        where, contract=dataclasses.replace(where.contract, promises=alone)
    )
    assert told(alone_at, "risk.r").startswith("WARN no item guards it at this moment")


def test_a_risk_of_several_items() -> None:
    """One that pytest alone can tell of stands for itself, and hides no other."""
    items = {
        "test.own": 'node = "tests/test_own.py::test_it"\nrisk = "risk.r"',
        "group.a": GROUPS["group.a"],
        "group.c": GROUPS["group.a"].replace('"a"', '"c"'),
        "risk.r": 'area = "x"\nlevel = "LOW"',
    }
    where = scene(items, {"group.a": unclear(), "group.c": BAD})
    found = finding(where, "risk.r")
    assert found.broken == ("the risk materialised: group.c: gid is 8",)
    assert found.seen == "2 of 3 hold"
    first = dict(sorted(where.contract.promises.items(), key=lambda one: one[0] != "test.own"))
    turned = dataclasses.replace(where.contract, promises=first)
    assert finding(dataclasses.replace(where, contract=turned), "risk.r").broken == found.broken


def test_a_look_leads_to_the_host() -> None:
    """What is pasted gets there as the look did."""
    keys = {"group.a": GROUPS["group.b"].replace('"b"', '"a"')}
    where = scene(keys, {"group.a": GOOD}, target=target("ssh://navi@hera"))
    assert finding(where, "group.a").look.startswith("ssh ")


TRIGGER = 'when = ["group.*"]'


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"group.a": GOOD, "group.b": GOOD}, ""),
        ({"group.a": BAD, "group.b": unclear()}, "roll back: group.a: gid is 8"),
        ({"group.a": GOOD, "group.b": unclear()}, UNCLEAR),
        ({"group.a": GOOD, "group.b": unclear("away", Cause.UNREACHABLE)},
         "roll back: group.b: cannot tell (unreachable): away"),
    ],
)  # fmt: skip
def test_a_trigger(facts: dict[str, Any], expected: str) -> None:
    """It fires where one of its items breaks, or cannot be reached."""
    items = {"group.a": GROUPS["group.b"].replace('"b"', '"a"'), "group.b": GROUPS["group.b"]}
    where = scene({**items, "trigger.t": TRIGGER}, facts, moment="postdeploy")
    assert told(where, "trigger.t") == expected


@pytest.mark.parametrize(
    ("keys", "found", "expected"),
    [
        ("", 404, "roll back: endpoint.x answered 404"),
        ("status = 404", 404, ""),
        ("status = 404", 500, "roll back: endpoint.x answered 500"),
        ("status = 404", 200, ""),
        ('after = "absent"', 404, ""),
        ('after = "absent"', 500, "roll back: endpoint.x answered 500"),
        ("closed = true", Absent("connection refused"), ""),
        ("", Absent("connection refused"), "roll back: endpoint.x: connection refused"),
    ],
)
def test_a_trigger_of_what_is_promised(keys: str, found: Any, expected: str) -> None:
    """An answer that an endpoint promises is no reason to roll back."""
    items = {"endpoint.x": f'path = "/x"\ncontent_type = ""\n{keys}',
             "trigger.t": 'when = ["endpoint.*"]\nstatus_from = 400'}  # fmt: skip
    fact = answered(found) if isinstance(found, int) else found
    api = Seen(ApiFacts(base="u", answers={"endpoint.x": fact}))
    assert told(scene(items, api=api, moment="postdeploy"), "trigger.t") == expected


def test_a_trigger_of_what_cannot_be_told() -> None:
    """Whether an answer is what is promised: then its status fires it; and of nothing at all."""
    items = {"endpoint.x": 'path = "/x"\ncontent_type = ""\nstatus = 404\ntext = ["a"]',
             "trigger.t": 'when = ["endpoint.*"]\nstatus_from = 400'}  # fmt: skip
    unread = answered(404).value.model_copy(update={"unread": "too long"})
    api = Seen(ApiFacts(base="u", answers={"endpoint.x": Seen(unread)}))
    where = scene(items, api=api, moment="postdeploy")
    assert told(where, "trigger.t") == "roll back: endpoint.x answered 404"
    trigger = where.contract.promise("trigger.t")
    assert trigger.moments == ("postdeploy",)
    alone = dataclasses.replace(where.contract, promises={"trigger.t": trigger})
    nothing = told(dataclasses.replace(where, contract=alone), "trigger.t")
    assert nothing.startswith("WARN it watches no item at this moment")
    endpoint = where.contract.promise("endpoint.x").before
    assert list(kinds()["trigger"].references(endpoint, {})) == []


def test_a_waiver_of_another_kind() -> None:
    """What is no waiver applies at every moment, and names nothing."""
    of = {"group.b": GROUPS["group.b"]}
    kind, item = kinds()["waiver"], scene(of).contract.promise("group.b").before
    assert kind.moments(item, True) == ("predeploy", "postdeploy", "rollback")
    assert list(kind.references(item, {})) == []
    keys = 'item = "group.b"\nowner = "o"\nreason = "r"\nexpires = 2026-01-01'
    waiver = scene({**of, "waiver.w": keys}).contract.promise("waiver.w").before
    assert isinstance(waiver, Waiver)
    for day, waived in ((1, {"group.b": "waiver.w"}), (2, {})):
        assert in_force({"waiver.w": waiver}, dt.date(2026, 1, day)) == waived


ABSENT = {
    "clock": 'of = "host"\nwithin_s = 2',
    "database": "tables = 1",
    "migration": 'current = "r1"',
    "query": 'sql = "SELECT 1"\nvalue = 1',
    "rehearsal": "clone = true",
    "risk": 'area = "x"\nlevel = "LOW"',
    "step": 'phase = "deploy"\norder = 1\nrun = "true"',
    "test": 'node = "tests/test_own.py::test_it"',
    "trigger": 'when = ["risk.*"]',
    "waiver": 'item = "risk.x"\nowner = "o"\nreason = "r"\nexpires = 2030-01-01',
}


@pytest.mark.parametrize("kind", ABSENT)
@pytest.mark.parametrize("side", ["before", "after"])
def test_what_cannot_be_absent(kind: str, side: str) -> None:
    """It was judged as if it had to be there: refused when the contract is read."""
    keys = f'{ABSENT[kind]}\n{side} = "absent"'
    with pytest.raises(ContractError, match="cannot be promised to be absent"):
        promised({f"{kind}.x": keys})


def test_a_budget_of_what_is_yet_to_come() -> None:
    """It promises nothing at a moment at which it is absent."""
    items = {"endpoint.x": 'path = "/x"\nbefore = "absent"'}
    for more, moments in (
        ("", ("predeploy", "postdeploy", "rollback")),
        ('before = "absent"', ("postdeploy",)),
        ('after = "absent"', ("predeploy", "rollback")),
    ):
        keys = f'endpoint = "x"\nlimit_s = 1\n{more}'
        assert promised({**items, "budget.x": keys}).promise("budget.x").moments == moments


def test_how_to_look_at_revisions() -> None:
    """In the folder, or in a commit of its repository."""
    for git, words in (("", "grep -hE"), ("v1", "git -C /v --no-pager grep")):
        more = f'git = "{git}"\n' if git else ""
        chains = Seen(Chains(folders={revisions_key("/v", git or None): Seen(CHAIN)}))
        where = scene({"migration.x": f'{FOLDER}{more}head = "c"'}, migrations=chains)
        assert finding(where, "migration.x").look.startswith(words)
        assert told(where, "migration.x") == ""


def test_an_empty_folder_of_revisions() -> None:
    """It is judged as any other; one that nobody could read may know the database's revision."""
    none = CHAIN.model_copy(update={"revisions": {}, "heads": (), "bases": ()})
    assert migration(f"{FOLDER}revisions = []", Seen(()), none) == ""
    assert migration(f"{FOLDER}revisions = []", Seen(())) == (
        "revision a is not promised; revision b is not promised; revision c is not promised"
    )
    empty = scene({"migration.x": f"{FOLDER}revisions = []"},
                  migrations=Seen(Chains(folders={"/v": Seen(none)})))  # fmt: skip
    assert finding(empty, "migration.x").promised == "0 revisions"
    items = {
        "migration.x": 'current = "z"', "migration.y": f'{FOLDER}head = "c"',
        "migration.z": 'folder = "/w"\nhead = "z"',
    }  # fmt: skip
    for other, expected in (
        (unclear(), ""),
        (Seen(CHAIN), "no revision file knows z"),
    ):
        chains = Seen(Chains(folders={"/v": Seen(CHAIN), "/w": other}))
        where = scene(items, migrations=chains, database=database(alembic=Seen(("z",))))
        assert told(where, "migration.x") == expected


def answered(status: int) -> Seen[Answer]:
    """An answer of a status."""
    return Seen(Answer(method="GET", url="u", status=status, content_type="", body="",
                       is_json=False, elapsed_s=0.1))  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"endpoint.a": answered(499), "endpoint.b": answered(200)}, ""),
        ({"endpoint.a": answered(500), "endpoint.b": unclear()},
         "roll back: endpoint.a answered 500"),
        ({"endpoint.a": Absent("refused"), "endpoint.b": answered(200)},
         "roll back: endpoint.a: refused"),
        ({"endpoint.a": unclear("late", Cause.TIMEOUT), "endpoint.b": answered(200)},
         "roll back: endpoint.a: late"),
        ({"endpoint.a": unclear(), "endpoint.b": answered(200)}, "cannot tell: nobody tells"),
        ({"endpoint.a": answered(200)},
         "cannot tell: endpoint.b was not asked for in this look"),
    ],
)  # fmt: skip
def test_a_trigger_by_status(facts: dict[str, Any], expected: str) -> None:
    """Each endpoint that it watches; one that was not asked proves nothing."""
    items = {"endpoint.a": 'path = "/a"', "endpoint.b": 'path = "/b"', **GROUPS,
             "risk.r": 'area = "x"\nlevel = "LOW"',
             "trigger.t": 'when = ["*.a", "endpoint.b"]\nstatus_from = 500'}  # fmt: skip
    api = Seen(ApiFacts(base="u", answers=facts))
    where = scene(items, moment="postdeploy", api=api)
    assert told(where, "trigger.t") == expected
    lost = dataclasses.replace(
        where, observed=where.observed.model_copy(update={"host": unclear()})
    )
    if "late" in expected:
        assert told(lost, "trigger.t") == "cannot tell: late"


def test_a_trigger_that_watches_nothing() -> None:
    """That is told, and a pattern that names nothing is refused."""
    items = {"group.a": 'group = "a"', "database.back": "restored = true",
             "trigger.t": 'when = ["database.back"]'}  # fmt: skip
    where = scene(items, moment="postdeploy", api=Seen(ApiFacts(base="u", answers={})))
    assert told(where, "trigger.t").startswith("WARN it watches no item at this moment")
    with pytest.raises(ContractError, match=r"when: 'group\.z' names no item"):
        promised({**items, "trigger.t": 'when = ["group.z"]'})
    with pytest.raises(
        ContractError, match=r"when: 'group\.\*' names no endpoint, and status_from"
    ):
        promised({**items, "trigger.t": 'when = ["group.*"]\nstatus_from = 500'})


WAIVER = 'item = "{item}"\nowner = "navi"\nreason = "OPS-1: later"\nexpires = {day}'


def test_waivers() -> None:
    """Each until its last day, of an item that there is, at the moments of both."""
    for day, expected in (
        ("2026-01-01", ""),
        ("2025-12-31", "expired on 2025-12-31; navi answers for it"),
    ):
        items = {"group.a": 'group = "a"', "waiver.w": WAIVER.format(item="group.a", day=day)}
        assert told(scene(items), "waiver.w") == expected
    for item, words in (
        ("group.z", "item: there is no item 'group.z'"),
        ("waiver.v", "item: a waiver cannot be waived"),
    ):
        others = {
            "group.a": 'group = "a"',
            "waiver.v": WAIVER.format(item="group.a", day="2026-01-01"),
        }
        with pytest.raises(ContractError, match=words):
            promised({**others, "waiver.w": WAIVER.format(item=item, day="2026-01-01")})
    waived = WAIVER.format(item="group.a", day="2026-01-01")
    items = {"group.a": 'group = "a"', "waiver.w": f'{waived}\nmoments = ["predeploy", "rollback"]'}
    promises = promised(items).promises
    assert promises["waiver.w"].moments == ("predeploy", "rollback")
    assert promised({**items, "waiver.w": waived}).promises["waiver.w"].moments == (
        "predeploy", "postdeploy", "rollback",
    )  # fmt: skip
    only = dataclasses.replace(promises["group.a"], moments=("rollback",))
    found = at_moments_of_their_items({**promises, "group.a": only})
    assert found["waiver.w"].moments == ("rollback",)
    assert found["group.a"].moments == ("rollback",)


def test_what_items_stand_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The revision, where the moments differ; and what is promised for itself and not there."""
    items = {
        "migration.now": 'current = "a"', "migration.also": 'current = "b"',
        "migration.next": f'{FOLDER}pending = ["c"]', "migration.head": f'{FOLDER}head = "c"',
        "index.ix": 'table = "t"\ncolumns = ["a"]\nbefore = "absent"',
        "index.old": 'table = "t"\ncolumns = ["a"]',
        "table.t": 'columns = { id = "int" }', "table.u": 'columns = { id = "int" }',
        "column.id": 'table = "t"\ncolumn = "id"\ndefinition = "int"',
        "column.n": 'table = "t"\ncolumn = "n"\ndefinition = "int"',
        "column.o": 'table = "u"\ncolumn = "n"\ndefinition = "int"',
    }  # fmt: skip
    where = scene(items, database=database())

    def on(id_: str, at: Any = where) -> list[str]:
        return list(kinds()[id_.partition(".")[0]].stands_on(at.contract.promise(id_), at))

    assert on("index.ix") == ["migration.now", "migration.also"]
    assert on("index.old") == []
    assert on("migration.next") == ["migration.now", "migration.also"]
    assert on("migration.head") == []
    assert on("table.t") == ["column.n"]
    assert on("table.u") == []
    assert on("table.t", scene(items, database=unclear())) == []
    wide = scene(items, database=database(catalog=catalog(tables={"t": table(), "u": table("u")})))
    assert on("table.u", wide) == ["column.o"]
    for most, columns in ((3, ["column.n"]), (2, [])):
        monkeypatch.setattr("gate.kinds.stands_on.MOST", most)
        assert on("table.t") == columns


@dataclasses.dataclass
class Table:
    """Something with keys."""

    a: Any = None
    b: Any = None


def test_rules_between_keys() -> None:
    """True or false of a table, and the same as a schema."""
    none, a, both = Table(), Table(a=5), Table(a="x", b=True)
    for rule, expected in (
        (Has("a"), (False, True, True)),
        (Is("b", value=True), (False, False, True)),
        (Like("a", "^x"), (False, False, True)),
        (Like("a", "^y"), (False, False, False)),
        (AtLeast("a", 5), (False, True, None)),
        (AtLeast("a", 6), (False, False, None)),
        (Some(Has("a"), Has("b")), (False, True, True)),
        (One("a", "b"), (False, True, False)),
        (Not(Has("a")), (True, False, False)),
        (Both(Has("a"), Has("b")), (True, False, True)),
        (at_least_one("a", "b").condition, (False, True, True)),
    ):
        for one, is_ in zip((none, a, both), expected, strict=True):
            assert is_ is None or rule.holds(one) is is_, (rule, one)
    assert at_table("a", {}) == {"required": ["a"]}
    assert at_table("a", {"const": 1}) == {"required": ["a"], "properties": {"a": {"const": 1}}}


def test_schemas_of_rules() -> None:
    """As JSON Schema has them."""
    has_a, has_b = {"required": ["a"]}, {"required": ["b"]}

    def key(value: dict[str, Any]) -> dict[str, Any]:
        return {"required": ["a"], "properties": {"a": value}}

    for rule, expected in (
        (Has("a"), has_a),
        (Is("a", value="x"), key({"const": "x"})),
        (Like("a", "^x"), key({"type": "string", "pattern": "^x"})),
        (AtLeast("a", 5), key({"minimum": 5})),
        (Some(Has("a"), Has("b")), {"anyOf": [has_a, has_b]}),
        (One("a", "b"), {"oneOf": [has_a, has_b]}),
        (Not(Has("a")), {"not": has_a}),
        (Both(Has("a"), Has("b")), {"anyOf": [{"allOf": [has_a, has_b]},
                                              {"not": {"anyOf": [has_a, has_b]}}]}),
    ):  # fmt: skip
        assert rule.schema(at_table) == expected


def test_patterns() -> None:
    """The first of several; what is none; what does not end in time."""
    assert first_like(["b", "a"], ["xa", "ab", "c"], within_s=60) == ["a", "b", ""]
    assert search("(a)|(b)", "b", within_s=60) == ("b", "", "b")
    assert is_pattern("a+") == "a+"
    with pytest.raises(ValueError, match="'\\(' is no regular expression"):
        is_pattern("(")
    with pytest.raises(ObservationError, match="cannot tell: the pattern '\\('"):
        search("(", "x")
    with pytest.raises(ObservationError, match="did not come to an end within 0 s on all lines"):
        first_like(["a"], ["a"], within_s=0)


def test_epochs() -> None:
    """One of them stands before a version, and no second one."""
    assert package_meets("1:2:3", "2:3")
    assert not package_meets("1:2:3", "3")
