"""What the documents say of an item beside its verdict, and what it stands on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import pytest

from gate.kinds.host_kind import listed
from gate.kinds.kind import State
from gate.kinds.registry import kinds
from gate.kinds.scene import Scene
from gate.sources.api.facts import Answer, ApiFacts, Followed, Timing, beside_key
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.migrations.facts import Chains
from tests.selftest.given import finding, host, scene, told, unclear
from tests.selftest.judgements.test_answers import answer, api, timed
from tests.selftest.judgements.test_catalogs import catalog, database
from tests.selftest.judgements.test_programs import PATHS, running
from tests.selftest.judgements.test_statements import CHAIN, FOLDER, TWO

AWAY = Absent("no folder")


def row(where: Scene, id_: str) -> Any:
    """The columns of an item's table."""
    return kinds()[id_.partition(".")[0]].row(where.contract.promise(id_), where)


def stands_on(where: Scene, id_: str) -> list[str]:
    """The items that one stands on."""
    return list(kinds()[id_.partition(".")[0]].stands_on(where.contract.promise(id_), where))


@pytest.mark.parametrize(
    ("keys", "found", "cells"),
    [
        ("", answer(), ("/x", "200", "")),
        ('label = "the desk"', answer(status=404), ("the desk", "404", "")),
        ("", answer(status=0), ("/x", "open", "")),
        ("", Absent("refused"), ("/x", "no answer", "")),
        ('remark = "{a} in {seconds}"', Absent("refused"), ("/x", "no answer", "")),
        ('remark = "{a} in {seconds}"', answer(), ("/x", "200", "1 in 0.5s")),
        ('remark = "{v}, {w}"', answer({"v": "1.2", "w": 0.5}), ("/x", "200", "1.2, 0.5")),
        ('remark = "{v}, {seconds}"', answer({"seconds": 3, "v": [1]}),
         ("/x", "200", "no v, 0.5s")),
        ('remark = "{v}"', answer({"v": None}), ("/x", "200", "no v")),
        ('remark = "{v}"', answer({"v": "x" * 99}), ("/x", "200", "x" * 40)),
        ('remark = "{v}"', answer("v", is_json=False), ("/x", "200", "no v")),
    ],
)  # fmt: skip
def test_an_endpoint_in_its_table(keys: str, found: Any, cells: tuple[str, ...]) -> None:
    """Its label, what it answered, and what its answer says."""
    where = scene({"endpoint.x": f'path = "/x"\n{keys}'}, api=api(found))
    label, status, remark = cells
    assert row(where, "endpoint.x") == {"Endpoint": label, "Answer": status, "Remark": remark}


def alembic(keys: str, at: Any, chain: Any = CHAIN) -> Scene:
    """A scene of one migration."""
    fact = chain if isinstance(chain, (Absent, CannotTell)) else Seen(chain)
    return scene({"migration.x": keys}, migrations=Seen(Chains(folders={"/v": fact})),
                 database=database(alembic=at))  # fmt: skip


PENDING = f'{FOLDER}pending = ["c"]'
UNKNOWN = CannotTell("the database is at y, z, which /v does not define", Cause.UPSTREAM)


@pytest.mark.parametrize(
    ("keys", "at", "chain", "state", "cells"),
    [
        ('current = "b"', Seen(("a", "b")), CHAIN, State("a, b"), ("current", "a, b", "")),
        ('current = "b"', Seen(()), CHAIN, State("none"), ("current", "none", "")),
        ('current = "b"', Absent("no table"), CHAIN, State("none"), ("current", "none", "")),
        ('current = "b"', unclear(), CHAIN, unclear(), ("current", unclear(), "")),
        (f'{FOLDER}head = "c"', Seen(()), TWO, State("b, c"), ("head", "b, c", "")),
        (f'{FOLDER}head = "c"', Seen(()), AWAY, State("absent"), ("head", "none", "")),
        (f'{FOLDER}head = "c"', Seen(()), unclear(), unclear(), ("head", unclear(), "")),
        (f'{FOLDER}revisions = ["c"]', Seen(()), CHAIN, State("a, b, c"),
         ("revisions", "a, b, c", "")),
        (PENDING, Seen(("a",)), CHAIN, State("b, c"), ("pending", "b, c", "ready to apply")),
        (f'{PENDING}\nnote = "by hand"', Seen(("b",)), CHAIN, State("c"),
         ("pending", "c", "by hand")),
        (f'{PENDING}\nnote = "by hand"', Seen(("c",)), CHAIN, State("none"),
         ("pending", "none", "")),
        (f'{FOLDER}head = "c"\nnote = "by hand"', Seen(()), CHAIN, State("c"), ("head", "c", "")),
        (PENDING, Absent("no table"), CHAIN, State("a, b, c"),
         ("pending", "a, b, c", "ready to apply")),
        (PENDING, unclear(), CHAIN, unclear(), ("pending", unclear(), "")),
        (PENDING, Seen(("z", "b", "y")), CHAIN, UNKNOWN, ("pending", UNKNOWN, "")),
    ],
)  # fmt: skip
def test_a_migration_beside_another_look(
    keys: str, at: Any, chain: Any, state: Any, cells: tuple[Any, ...]
) -> None:
    """The revisions that it is about, oldest first, and whether they wait to be applied."""
    where = alembic(keys, at, chain)
    found = kinds()["migration"].state(where.contract.promise("migration.x"), where)
    assert found == state
    assert tuple(row(where, "migration.x").values()) == cells
    assert list(row(where, "migration.x")) == ["What", "Revisions", "Remark"]


@pytest.mark.parametrize(
    ("keys", "shows"),
    [
        ('current = "b"', True), (f'{FOLDER}head = "c"', True), (PENDING, True),
        (f'{FOLDER}revisions = ["c"]', True), (f"{FOLDER}pending = []", False),
    ],
)  # fmt: skip
def test_what_shows_that_a_chain_is_there(keys: str, *, shows: bool) -> None:
    """Nothing pending is what an empty folder has, too."""
    where = alembic(keys, Seen(()))
    assert kinds()["migration"].shows(where.contract.promise("migration.x"), "predeploy") is shows


@pytest.mark.parametrize(
    ("found", "median", "cell"),
    [
        (timed(1, 2, 6), 2.0, "2s"),
        (timed(), 0.5, "0.5s"),
        (answer(), 0.5, "0.5s"),
        (Absent("refused"), None, "-"),
        (unclear(), None, unclear()),
    ],
)
def test_how_long_an_endpoint_takes(found: Any, median: float | None, cell: Any) -> None:
    """The median of what was timed, or the one answer that there was."""
    items = {"endpoint.x": 'path = "/x"', "budget.x": 'endpoint = "x"\nlimit_s = 1'}
    where = scene(items, api=api(found))
    assert kinds()["budget"].measure(where.contract.promise("budget.x"), where) == median
    assert row(where, "budget.x") == {"Budget": "budget.x", "Median": cell}


def test_how_long_an_endpoint_takes_beside_another() -> None:
    """Of that, where it was timed; else of itself; of nothing where nobody was asked."""
    items = {
        "endpoint.x": 'path = "/x"', "endpoint.slow": 'path = "/slow"\nslow = true',
        "budget.x": 'endpoint = "x"\nat_most_s = 9\nbeside = "slow"',
    }  # fmt: skip
    answers: dict[str, Seen[Answer]] = {"endpoint.x": Seen(timed(3, 3))}
    promise = scene(items).contract.promise("budget.x")
    for times, median in (((1.0, 2.0), 1.5), ((), 0.0), (None, 3.0)):
        key = beside_key("endpoint.slow", "endpoint.x")
        kept = {} if times is None else {key: Timing(samples_s=times)}
        facts = ApiFacts(base="http://a", answers={**answers}, beside=kept)
        assert kinds()["budget"].measure(promise, scene(items, api=Seen(facts))) == median
    assert kinds()["budget"].measure(promise, scene(items, api=unclear())) is None


def test_what_a_migration_brings() -> None:
    """What another moment promises otherwise, and not what only its words tell otherwise."""
    index = 'table = "t"\ncolumns = ["a"]\n'
    for more, on in (
        ('before = { note = "a" }', []),
        ("before = { unique = true }", ["migration.m"]),
        ('before = "absent"', ["migration.m"]),
        ("", []),
    ):
        items = {"index.ix": f"{index}{more}", "migration.m": 'current = "r1"'}
        assert stands_on(scene(items, database=database()), "index.ix") == on


def test_a_count_of_tables_stands_on_them() -> None:
    """On those that are promised and not there, and only what counts them."""
    items = {
        "database.count": "tables = 2", "database.who": 'connects_as = "*"',
        "table.t": 'columns = { id = "int" }', "table.u": 'columns = { id = "int" }',
        "table.v": 'columns = { id = "int" }',
    }  # fmt: skip
    where = scene(items, database=database(catalog=catalog()))
    assert stands_on(where, "database.count") == ["table.u", "table.v"]
    assert stands_on(where, "database.who") == []
    assert stands_on(scene(items, database=unclear()), "database.count") == []


TABLE = 'columns = { id = "int not null" }\nkeys = { pk = "PRIMARY KEY (id)" }'
LABELS = 'labels = ["good", "bad"]'
AWAY_THEN = '\nbefore = "absent"'


@pytest.mark.parametrize(
    ("id_", "keys", "catalog_of", "words"),
    [
        ("extension.vector", 'schema = "public"', {},
         ("installed in the schema public", "version 0.8, in the schema public", "\\dx")),
        ("extension.vector", "", {"extensions": {}},
         ("installed", "absent (no row in pg_extension)", "\\dx")),
        ("extension.vector", AWAY_THEN, {"extensions": {}},
         ("absent", "absent (no row in pg_extension)", "\\dx")),
        ("enum.mood", LABELS, {}, ("good, bad", "good, bad", "\\dT+ mood")),
        ("enum.mood", LABELS + AWAY_THEN, {"enums": {}}, ("absent", "absent", "\\dT+ mood")),
        ("table.t", TABLE, {}, ("1 columns, 1 keys", "1 columns, 1 keys", "\\d t")),
        ("table.t", TABLE + AWAY_THEN, {"tables": {}},
         ("absent", "absent (not in pg_class)", "\\d t")),
        ("column.id", 'table = "t"\ncolumn = "id"\ndefinition = "int not null"', {},
         ("integer not null", "integer not null", "\\d t")),
        ("column.n", f'table = "t"\ncolumn = "n"\ndefinition = "int"{AWAY_THEN}', {},
         ("absent", "absent", "\\d t")),
        ("index.ix", 'table = "t"\ncolumns = ["a"]', {},
         ("btree on t (a)", "unique hnsw on t (a, b desc) include (c) with (m=16) where a > 0",
          "\\d ix")),
        ("index.iy", f'table = "t"\ncolumns = ["a"]{AWAY_THEN}', {},
         ("absent", "absent (not in pg_index)", "\\d iy")),
    ],
)  # fmt: skip
def test_a_catalog_in_words(
    id_: str, keys: str, catalog_of: dict[str, Any], words: tuple[str, ...]
) -> None:
    """What was promised, what was seen, and how to look oneself."""
    where = scene({id_: keys}, database=database(catalog=catalog(**catalog_of)))
    found = finding(where, id_)
    look = f"psql -X service=desk -c '{words[2]}'"
    assert (found.promised, found.seen, found.look) == (*words[:2], look)


@pytest.mark.parametrize(
    ("keys", "found", "words"),
    [
        ("", answer(), ("200 application/json", "200 application/json in 0.5 s")),
        ("closed = true", answer(), ("closed", "open")),
        ("closed = true", Absent("refused"), ("closed", "refused")),
        (AWAY_THEN, answer(status=404), ("not served", "404 application/json")),
        (AWAY_THEN, answer("x", content_type="text/html", is_json=False),
         ("not served", "200 text/html (the web front end)")),
        (AWAY_THEN, answer(), ("not served", "200 application/json")),
    ],
)  # fmt: skip
def test_an_endpoint_in_words(keys: str, found: Any, words: tuple[str, str]) -> None:
    """What was promised, what was seen, and how to ask oneself."""
    comes_to = finding(scene({"endpoint.x": f'path = "/x"\n{keys}'}, api=api(found)), "endpoint.x")
    assert (comes_to.promised, comes_to.seen) == words
    assert comes_to.look == "curl -gisS -m 10 http://127.0.0.1:8000/x"


FILES = "grep -hE '^(down_)?revision\\b' /v/*.py"
AT = (
    "psql -Xqv ON_ERROR_STOP=1 service=desk -c 'BEGIN READ ONLY' "
    "-c 'SELECT version_num FROM alembic_version' -c ROLLBACK"
)


@pytest.mark.parametrize(
    ("keys", "at", "chain", "words"),
    [
        ('current = "b"', Seen(("a", "b")), CHAIN, ("b", "a, b", AT)),
        ('current = "b"', Absent("no table"), CHAIN, ("b", "no revision", AT)),
        (f'{FOLDER}head = "c"', Seen(()), TWO, ("one head, c", "b, c", FILES)),
        (f'{FOLDER}head = "c"', Seen(()), CHAIN.model_copy(update={"heads": ()}),
         ("one head, c", "none", FILES)),
        (f'{FOLDER}pending = ["b", "c"]', Seen(("a",)), CHAIN, ("b, c", "b, c", f"{AT}; {FILES}")),
        (f"{FOLDER}pending = []", Seen(("c",)), CHAIN,
         ("nothing pending", "nothing pending", f"{AT}; {FILES}")),
        (f'{FOLDER}revisions = ["a", "b", "c"]', Seen(()), CHAIN,
         ("3 revisions from a to c", "3 revisions, heads c", FILES)),
    ],
)  # fmt: skip
def test_a_migration_in_words(keys: str, at: Any, chain: Any, words: tuple[str, ...]) -> None:
    """What was promised, what was seen, and how to look oneself."""
    found = finding(alembic(keys, at, chain), "migration.x")
    assert (found.promised, found.seen, found.look) == words


def test_a_promise_in_short() -> None:
    """What is said of each key that is given, and of none that is not."""
    assert listed(by="", is_=3, none=None, some=(), no=False, of={}, at_least=0.5) == (
        "is 3, at least 0.5"
    )
    assert listed(members=("a", "b"), only=True) == "members a, b, only"
    assert listed(by="") == "there"


ROW = """path = "/x"
status = 200
redirects = [
    { status = 301, location = "/y" },
    { status = 302, location = "https://desk.example/z" },
]
"""


def hop(status: int, location: str) -> Followed:
    """A redirection that was followed."""
    return Followed(status=status, location=location, url=urljoin("http://a/x", location))


Y, Z = hop(301, "/y"), hop(302, "https://desk.example/z")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (answer(hops=(Y, Z)), ""),
        (answer(hops=(hop(301, "http://A:80/y"), Z)), ""),
        (answer(hops=(hop(301, "https://a/y"), Z)), "redirection 1 leads to https://a/y, not to /y"),
        (answer(hops=(hop(301, "http://b/y"), Z)), "redirection 1 leads to http://b/y, not to /y"),
        (answer(hops=(hop(301, "http://a:81/y"), Z)),
         "redirection 1 leads to http://a:81/y, not to /y"),
        (answer(hops=(hop(301, "http://a:99999/y"), Z)),
         "redirection 1 leads to http://a:99999/y, not to /y"),
        (answer(hops=(hop(308, "/y"), Z)), "redirection 1 answered 308, not 301"),
        (answer(hops=(Y, hop(302, "https://desk.example:443/z"))), ""),
        (answer(hops=(Y, hop(302, "https://desk.example/"))),
         "redirection 2 leads to https://desk.example/, not to https://desk.example/z"),
        (answer(hops=(Y,)), "redirection 2 is none: 200 instead of 302"),
        (answer(), "redirection 1 is none: 200 instead of 301"),
        (answer(hops=(Y, Z, hop(302, "/q"))), "redirection 3 to /q is one too many"),
        (answer(hops=(Y, Z), stayed="it is another host"),
         "https://desk.example/z was not asked: it is another host"),
        (answer(stayed="it is another host"), "redirection 1 is none: 200 instead of 301"),
    ],
)  # fmt: skip
def test_redirections(found: Answer, expected: str) -> None:
    """Each in its place, where it leads to by whatever spelling, and no other."""
    where = scene({"endpoint.x": ROW}, api=api(found))
    assert told(where, "endpoint.x") == expected


def test_a_redirection_that_was_not_followed() -> None:
    """The last one of any number, and addresses that are none."""
    stayed = answer(hops=(Y, Z, hop(302, "/q")), stayed="it is another host")
    assert told(scene({"endpoint.x": ROW}, api=api(stayed)), "endpoint.x") == (
        "redirection 3 to /q is one too many; /q was not asked: it is another host"
    )
    odd = Followed(status=301, location="http://[bad", url="http://a/y")
    said = told(scene({"endpoint.x": ROW}, api=api(answer(hops=(odd, Z)))), "endpoint.x")
    assert said == "redirection 1 leads to http://[bad, not to /y"


@pytest.mark.parametrize(
    ("promised", "led", "expected"),
    [
        ("/y", "/y", ""),
        ("/y", "http://a/y", ""),
        ("/y", "", "leads to nowhere, not to /y"),
        ("/y", "/z", "leads to /z, not to /y"),
        ("http://b", "http://b/", ""),
        ("http://b/x", "http://b/", "leads to http://b/, not to http://b/x"),
        ("http://b:1/x", "ftp://b/x", "leads to ftp://b/x, not to http://b:1/x"),
        ("http://b:1/x", "http://b:99999/x", "leads to http://b:99999/x, not to http://b:1/x"),
        ("http://b/x", "http://B/x", ""),
    ],
)
def test_where_an_answer_leads(promised: str, led: str, expected: str) -> None:
    """By whatever spelling."""
    keys = f'path = "/x"\nstatus = 302\nlocation = "{promised}"'
    found = answer(status=302, location=led)
    assert told(scene({"endpoint.x": keys}, api=api(found)), "endpoint.x") == expected
    free = 'path = "/x"\nstatus = 302'
    assert told(scene({"endpoint.x": free}, api=api(found)), "endpoint.x") == ""


ITEMS = {
    "process.x": 'unit = "app.service"\nzone = "Asia/Kabul"',
    "time.host": 'zone = "Asia/Kabul"',
    "time.clock": "synchronised = true",
    "process.y": 'unit = "b.service"\nzone = "Asia/Kabul"',
}


@pytest.mark.parametrize(
    ("keys", "found", "on"),
    [
        ("", running(), ["time.host"]),
        ("", running(variables=Seen(("TZ", "HOME"))), []),
        ("", running(variables=unclear()), []),
        ('\nuser = "root"', running(), []),
        ('\nuser = "www-data"', running(), ["time.host"]),
        ("", unclear(), []),
        ("", Absent("no unit"), []),
    ],
)
def test_a_processs_zone_stands_on_the_hosts(keys: str, found: Any, on: list[str]) -> None:
    """Where it names none itself, and nothing else is wrong with it."""
    items = {**ITEMS, "process.x": f"{ITEMS['process.x']}{keys}"}
    where = scene(items, {"process.x": found}, host=host(paths=PATHS))
    assert stands_on(where, "process.x") == on


def test_a_process_without_a_zone_stands_on_nothing() -> None:
    """Whatever the host's is."""
    items = {**ITEMS, "process.x": 'unit = "app.service"'}
    where = scene(items, {"process.x": running()}, host=host(paths=PATHS))
    assert stands_on(where, "process.x") == []
