"""What a contract says already, when it is recorded again: its own words stay where they hold."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from gate.kinds.kind import Recorded
from gate.kinds.registry import kinds
from gate.kinds.socket import SocketFacts
from gate.recorder.authored import risks_of, words_of
from gate.recorder.live import _stays
from gate.recorder.proof import Written
from gate.sources.fact import Seen
from gate.sources.host.packages import PackageFacts
from tests.selftest.given import host, path, scene, unclear
from tests.selftest.judgements.test_programs import program, running


def again(kind: str, given: Any) -> dict[str, Any]:
    """The keys of the one item of a kind."""
    (one,) = kinds()[kind].record(given)
    assert isinstance(one, Recorded)
    return dict(one.keys)


@pytest.mark.parametrize(
    ("version", "found", "expected"),
    [
        ("8.1", "8.1-2", "8.1"),
        ("8", "8.1-2", "8"),
        ("8.1-2", "8.1-2", "8.1-2"),
        ("8.0", "8.1-2", "8.1-2"),
        ("", "8.1-2", "8.1-2"),
    ],
)
def test_the_version_of_a_package(version: str, found: str, expected: str) -> None:
    """As the contract has it, as long as that holds: a fix of the distribution broke it."""
    keys = 'package = "curl"' + (f'\nversion = "{version}"' if version else "")
    given = scene({"package.x": keys}, {"package.x": PackageFacts(version=found)})
    assert again("package", given)["version"] == expected


@pytest.mark.parametrize(
    ("version", "expected"), [("16", ("16", "It is there")), ("15", ("16.11", "It is 16.11"))]
)
def test_the_version_of_a_program(version: str, expected: tuple[str, str]) -> None:
    """The same, with the contract's own title."""
    items = {"runtime.x": f'label = "It"\ncommand = ["it"]\nversion = "{version}"'}
    given = scene(items, host=host(outputs={"runtime.x": Seen("it 16.11")}))
    keys = again("runtime", given)
    promised = given.contract.promise("runtime.x").before.title
    title = promised if version == "16" else expected[1]
    assert (keys["version"], keys["title"]) == (expected[0], title)


@pytest.mark.parametrize(
    ("leads", "folder"), [("/srv/releases/1", "/srv/now"), ("/srv/releases/2", "/srv/releases/1")]
)
def test_the_paths_of_a_process(leads: str, folder: str) -> None:
    """Through a link, where that leads to what runs: else the next release would break it."""
    items = {"process.x": 'unit = "app.service"\nworking_folder = "/srv/now"\nuser = "app"'}
    found = running(program(folder="/srv/releases/1"), user=unclear())
    given = scene(items, {"process.x": found}, host=host(paths={"/srv/now": path(leads)}))
    keys = again("process", given)
    assert (keys["working_folder"], keys["user"]) == (folder, "app")


def test_the_path_of_a_program_that_was_deleted() -> None:
    """The contract's word for it stays: that it is there is promised, not recorded."""
    items = {"process.x": 'unit = "app.service"\nexecutable = "/srv/now/app"'}
    found = running(program(executable="/srv/1/app (deleted)"), user=unclear())
    given = scene(
        items, {"process.x": found}, host=host(paths={"/srv/now/app": path("/srv/1/app")})
    )
    assert again("process", given)["executable"] == "/srv/now/app"


def test_addresses_of_a_device() -> None:
    """One of each is written, as it is told."""
    bound = SocketFacts(addresses=("127.0.0.53%lo", "127.0.0.54"), processes=unclear())
    given = scene({"socket.x": "udp = 53"}, {"socket.x": bound})
    assert again("socket", given)["addresses"] == ["127.0.0.53%lo", "127.0.0.54"]


def test_what_is_not_written_anew() -> None:
    """It is said, once for each kind, where nothing else is said of it."""
    items = {
        "check.a": 'command = ["a"]\nreads = "it reads"',
        "check.b": 'command = ["b"]\nreads = "it reads"',
        "check.c": 'command = ["c"]\nreads = "it reads"',
        "resolve.x": 'name = "x.example"',
    }
    given, check = scene(items), kinds()["check"]
    written = Written(check, Recorded("a", {}), ())
    notes: dict[str, dict[str, None]] = {"checks": {"left out: check b: it is late": None}}
    _stays(given.contract, [check], [written], notes)
    assert notes == {
        "checks": {
            "left out: check b: it is late": None,
            "left out: check c: not written anew, take it from the contract": None,
        }
    }


OWN = 'risk = "risk.lost"\nnote = "ask Jo"'
LOST = 'area = "Data"\nlevel = "HIGH"'


@pytest.mark.parametrize(
    ("was", "changes", "stays"),
    [
        ("", {}, ["note", "risk", "source", "title"]),
        ("", {"within_s": 3.0}, ["note", "risk"]),
        ("recorded from here on 2020-01-01", {}, ["note", "risk"]),
        (None, {}, []),
    ],
    ids=["as-it-was", "changed", "recorded-before", "new"],
)
def test_what_a_person_wrote_of_an_item(
    was: str | None, changes: dict[str, Any], stays: list[str]
) -> None:
    """Its risk and note stay, and its title and source as long as it is like that."""
    given = scene({"clock.host": f'of = "host"\nwithin_s = 2\n{OWN}', "risk.lost": LOST})
    promised = given.contract.promise("clock.host")
    now = promised.before.model_copy(
        update={"title": "t", "source": "s", "risk": (), "note": "", **changes}
    )
    said = promised.before.model_copy(update={"source": was} if was else {})
    promises = {**given.contract.promises, "clock.host": dataclasses.replace(promised, before=said)}
    if was is None:
        del promises["clock.host"]
    contract = dataclasses.replace(given.contract, promises=promises)
    words = words_of(contract, dataclasses.replace(promised, before=now, after=now))
    assert sorted(words) == stays
    assert words.get("risk", ["risk.lost"]) == ["risk.lost"]
    assert words.get("title", said.title) == said.title
    items = [{"risk": words.get("risk", [])}, {"title": "t"}]
    found = risks_of(contract, items)
    assert [*found] == (["risk.lost"] if stays else [])
    assert [one["level"] for one in found.values()] == (["HIGH"] if stays else [])
