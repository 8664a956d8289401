"""Items that are recorded: which can be written, and what is said of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gate.kinds.kind import LeftOut, Recorded
from gate.kinds.registry import kinds
from gate.recorder import between, live, proof
from gate.recorder.between import two_sided
from gate.recorder.drafts import drafts, promise
from gate.recorder.sides import both
from gate.sources.fact import Seen
from gate.target import Difference
from tests.selftest.given import DESK, host, look, path, scene, unclear
from tests.selftest.judgements.test_found_there import listener

PATH = kinds()["path"]
KEYS = {"title": "It is there", "path": "/x", "purpose": "x"}
SECRET = "aT-31c7d0e9f5b84a62Zm9vYmFy"  # noqa: S105 - looked for


def of(name: str = "x", **keys: Any) -> Recorded:
    """A path that was recorded."""
    return Recorded(name, {**KEYS, **keys})


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (of(""), "path '': "),
        (of("a\nb"), "path 'a\\nb': "),
        (of(purpose=f"password={SECRET}"), "it holds a secret"),
        (of(path=7), "path x: "),
    ],
)
def test_what_cannot_be_written(one: Recorded, says: str) -> None:
    """It is said why, and nothing secret with it."""
    for found in (promise(PATH, one, "found there"), two_sided(PATH, one, "found there")):
        assert isinstance(found, LeftOut), found
        assert says in found.text or "path x before: " in found.text
        assert SECRET not in found.text
    notes: dict[str, dict[str, None]] = {}
    assert proof.written(PATH, one, "found there", DESK, notes) == []
    assert len(notes["paths"]) == 1


def test_a_difference_of_the_target() -> None:
    """It is laid over what was recorded of its item, and of no other."""
    differs = [Difference(item="path.x", set={"path": "/y"}, reason="it is elsewhere")]
    for name, at in (("x", "/y"), ("z", "/x")):
        found = promise(PATH, of(name), "found there", differs)
        assert not isinstance(found, LeftOut)
        assert getattr(found.before, "path", None) == at


def test_names_that_are_taken() -> None:
    """What the contract names is not found again; another thing of the same id is told of."""
    discovery: Any = SimpleNamespace(
        names=lambda *_: [of("x", path="/new"), of("kept", path="/kept"), of("y", path="/y")],
        about=None,
    )
    kind: Any = SimpleNamespace(**{**vars(PATH), "discover": discovery})
    given = scene({"path.X": 'path = "/x"\npurpose = "x"', "path.k": 'path="/kept"\npurpose="x"'})
    notes: dict[str, dict[str, None]] = {}
    found = drafts(given, [kind, SimpleNamespace(discover=None)], "usual", notes)  # type: ignore[list-item]
    assert [one.id for one in found] == ["path.y"]
    assert [*notes["paths"]] == ["left out: It is there: another item is called path.x"]


def test_an_item_of_two_looks() -> None:
    """It is there at one of them at least."""
    with pytest.raises(ValueError, match="at one look at least"):
        both(None, None)
    assert both(of(), None).keys["after"] == "absent"
    assert both(None, of()).keys["before"] == "absent"


BUDGET = kinds()["budget"]
DANGLING = {"endpoint": "gone", "limit_s": 1}


def test_what_refers_to_nothing() -> None:
    """An item that refers to one that is not written does not hold, at any moment."""
    one = Recorded("b", {"title": "It is fast", **DANGLING})
    found = promise(BUDGET, one, "found there")
    assert not isinstance(found, LeftOut), found
    given = scene({"path.x": 'path = "/x"\npurpose = "x"'}, host=host(paths={"/x": path("/x")}))
    assert "gone" in between._broken(found, given)  # noqa: SLF001 - its part
    form = proof.Written(BUDGET, one, (found,))
    assert "gone" in proof._broken(form, given)  # noqa: SLF001 - as above


def test_what_is_not_accounted_for_now() -> None:
    """What is not looked at at this moment is not judged by this look."""
    found = promise(PATH, of(path="/gone"), "found there")
    assert not isinstance(found, LeftOut)
    later = SimpleNamespace(**{name: getattr(found, name) for name in ("before", "after", "kind")},
                            moments=("postdeploy",), id=found.id)  # fmt: skip
    given = scene({"path.x": 'path = "/x"\npurpose = "x"'}, host=host(paths={"/x": path("/x")}))
    assert between._broken(later, given) == ""  # type: ignore[arg-type]  # noqa: SLF001 - its part
    form = proof.Written(PATH, of(), (later,))  # type: ignore[arg-type]
    assert proof._broken(form, given) == ""  # noqa: SLF001 - as above
    now = proof.Written(PATH, of(), (found,))
    assert proof._broken(now, given) != ""  # noqa: SLF001 - as above


def test_who_holds_sockets() -> None:
    """As far as that is told, of a host and of each socket."""
    sockets = Seen((listener("app.service"), listener()))
    assert [*live._holders(look(host=host(listeners=sockets)))] == ["app.service"]  # noqa: SLF001
    assert [*live._holders(look(host=host()))] == []  # noqa: SLF001 - its part
    assert [*live._holders(look(host=unclear()))] == []  # noqa: SLF001 - its part


def test_a_look_without_a_host() -> None:
    """What differs between two hosts is told where both were seen."""
    given = scene({"path.x": 'path = "/x"\npurpose = "x"'}, host=unclear())
    notes: dict[str, dict[str, None]] = {}
    between._unwritten({"path": [(of(), given.contract.promise("path.x"))]}, given, given, notes)  # noqa: SLF001
    assert notes == {}
