"""The order of the steps and the way back: as Alembic tells it, and as the files' text does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gate.contract.rehearsal import Alembic
from gate.errors import ObservationError
from gate.sources.fact import Absent, CannotTell, Seen
from gate.sources.migrations.chain import applied, chain, pending
from gate.sources.migrations.promised import meant
from gate.sources.rehearsal import undo, way
from gate.sources.rehearsal.facts import Back
from gate.sources.rehearsal.runner import Answer
from gate.sources.rehearsal.way import ElsewhereError, Way
from tests.selftest.given import unclear


def revisions(**downs: Any) -> Seen[Any]:
    """A folder of revisions, each with what it comes after."""
    files = {
        f"{name}.py": f"revision = {name!r}\ndown_revision = {down!r}\n"
        for name, down in downs.items()
    }
    return Seen(chain("versions", files))


LINE = {"a": None, "b": "a", "c": "b"}
SEVERAL = "the revisions are no single line: only Alembic's"
LABEL = 'branch_labels = "more"\n'
IDS = {
    "b.py": 'revision = "b"\ndown_revision = "a"\ndepends_on = ("more", "y98765")\n',
    "a.py": 'revision = "a"\ndown_revision = None\n',
    "y.py": f'revision = "y98765a"\ndown_revision = "y98761"\n{LABEL}',
    "x.py": 'revision = "y98761"\ndown_revision = None\n',
    "short.py": 'revision = "zz"\ndown_revision = "b"\n',
}
NEEDING = Seen(chain("versions", {name: IDS[name] for name in ("a.py", "b.py")}))
"""Two bases, one revision of the one depends on one of the other, by its label and by a part."""


@pytest.mark.parametrize(
    ("at", "has", "order"),
    [
        ((), "", "a y98761 y98765a b zz"),
        (("a",), "a", "y98761 y98765a b zz"),
        (("b",), "a b y98761 y98765a", "zz"),
        (("a", "y98761"), "a y98761", "y98765a b zz"),
        (("zz",), "a b y98761 y98765a zz", ""),
    ],
)
def test_what_a_revision_depends_on_was_applied_before_it(
    at: tuple[str, ...], has: str, order: str
) -> None:
    """Alembic's table has no row of it then."""
    found = chain("versions", IDS)
    assert sorted(applied(found, at)) == has.split()
    assert pending(found, at) == tuple(order.split())


@pytest.mark.parametrize(
    ("name", "ids", "wrong"),
    [
        ("b", "b", ""),
        ("y98765a", "y98765a", ""),
        ("y98765", "y98765a", ""),
        ("more", "y98765a", ""),
        ("heads", "y98765a zz", ""),
        ("more@head", "", ""),
        ("y9876", "y98761 y98765a", "it may mean y98761 or y98765a"),
        ("z", "", "no revision in versions is called so; the heads are y98765a, zz"),
        ("+1", "", "it counts from another one; the id of the revision itself is wanted"),
        ("-1", "", "it counts from another one; the id of the revision itself is wanted"),
        ("b-2", "", "it counts from another one; the id of the revision itself is wanted"),
        ("more@+1", "", "it counts from another one; the id of the revision itself is wanted"),
    ],
)
def test_what_a_name_means(name: str, ids: str, wrong: str) -> None:
    """As Alembic understands it, short ids whole; what is certainly wrong is said beforehand."""
    found, why = meant(chain("versions", IDS), name)
    assert (sorted(found), why) == (ids.split(), wrong)


class Clone(SimpleNamespace):
    """A clone at some revisions, and Alembic's process where there is one."""

    def at(self) -> tuple[str, ...]:
        """Its revisions."""
        found: tuple[str, ...] = self.revisions
        return found


def stage(
    monkeypatch: pytest.MonkeyPatch,
    at: tuple[str, ...] = ("a",),
    *,
    reaches: tuple[str, ...] = (),
    restores: tuple[str, ...] = (),
    answer: Answer | None = None,
) -> Any:
    """What a rehearsal has at hand."""
    monkeypatch.setattr(way, "asked", lambda _: ([*reaches], [*restores]))
    asked: list[dict[str, Any]] = []

    def ask(do: str, **given: Any) -> Answer | None:
        asked.append({"do": do, **given})
        return answer

    how = Alembic(folder="/srv", versions="/srv/versions", command=("alembic",))
    runner = SimpleNamespace(ask=ask) if answer else None
    return Clone(revisions=at, contract=None, runner=runner, how=how, asked=asked)


@pytest.mark.parametrize(
    ("at", "reaches", "restores", "order", "backs", "problems"),
    [
        (("a",), (), (), ("b", "c"), {}, {}),
        ((), (), ("base",), ("a", "b", "c"), {"base": ("c", "b", "a")}, {}),
        (("a",), ("b",), ("a",), ("b",), {"a": ("b",)}, {}),
        (("c",), ("c",), ("c",), (), {"c": ()}, {}),
        (("a",), ("b",), ("c",), ("b",), {}, {"c": "c does not lie behind b"}),
        (("a",), ("x",), ("y",), ("b", "c"), {}, {
            "x": "no revision file defines x", "y": "no revision file defines y",
        }),
    ],
)  # fmt: skip
def test_the_way_by_the_files(  # noqa: PLR0917 - a case's columns
    at: tuple[str, ...],
    reaches: tuple[str, ...],
    restores: tuple[str, ...],
    order: tuple[str, ...],
    backs: dict[str, tuple[str, ...]],
    problems: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where Alembic's interpreter is not known: a line without branches."""
    place = stage(monkeypatch, at, reaches=reaches, restores=restores)
    found = way.find(place, revisions(**LINE))
    assert found.order == order
    assert found.problems == problems
    assert found.backs == {name: Back(to=name, steps=steps) for name, steps in backs.items()}
    assert (found.below("b"), found.below("a"), found.below("x")) == ("a", "base", "base")


@pytest.mark.parametrize(
    ("at", "folder", "words"),
    [
        ((), unclear("no folder"), "the revisions cannot be read: .*no folder"),
        (("z", "a"), revisions(**LINE), "no revision file knows z"),
        ((), revisions(a=None, b=None, c=("a", "b")), SEVERAL),
        ((), revisions(a=None, b=None), SEVERAL),
        ((), NEEDING, SEVERAL),
    ],
)
def test_no_way_by_the_files(
    at: tuple[str, ...], folder: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be told from the text is not guessed."""
    with pytest.raises(ObservationError, match=words):
        way.find(stage(monkeypatch, at), folder)


def test_a_merge_that_is_not_gone_over_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies behind the end of the upgrade does not matter."""
    place = stage(monkeypatch, ("a",), reaches=("b",))
    found = way.find(place, revisions(a=None, b="a", c="a", d=("b", "c")))
    assert (found.order, found.history, found.heads) == (("b",), ("a", "b"), ("b",))


PLAN: dict[str, Any] = {
    "at": ["a"], "order": ["b"], "history": ["a", "b"], "heads": ["b"],
    "ways": {"a": {"to": "a", "steps": ["b"]}}, "problems": {"x": "no such"},
    "parents": {"a": [], "b": ["a"]},
}  # fmt: skip


def test_the_way_as_alembic_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for what the contract names."""
    place = stage(monkeypatch, reaches=("b",), restores=("a", "x"), answer=Answer(0, "", {**PLAN}))
    found = way.find(place, unclear("not asked"))
    assert place.asked == [{"do": "plan", "reaches": ["b"], "restores": ["a", "x"]}]
    assert (found.order, found.history, found.heads) == (("b",), ("a", "b"), ("b",))
    assert found.backs == {"a": Back(to="a", steps=("b",))}
    assert (found.problems, found.below("b")) == ({"x": "no such"}, "a")


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            Answer(1, "KeyError: 'x'", {}),
            ObservationError,
            "no order of the revisions: KeyError: 'x'",
        ),
        (
            Answer(None, "", {**PLAN}),
            ObservationError,
            r"Alembic was ended after 60 s \(deadline_s of \[alembic\]\) and tells no order",
        ),
        (Answer(0, "bye", {}), ObservationError, "tells no order of the revisions: bye"),
        (
            Answer(3, "", {}),
            ObservationError,
            "Alembic exited with 3 and tells no order of the revisions: it said nothing",
        ),
        (
            Answer(0, "", {**PLAN, "elsewhere": "mysql"}),
            ElsewhereError,
            "env.py opens mysql as well as the clone; nothing was migrated",
        ),
        (
            Answer(0, "", {**PLAN, "at": ["b"]}),
            ObservationError,
            "Alembic finds the clone at b, its table alembic_version says a",
        ),
        (
            Answer(0, "", {**PLAN, "at": []}),
            ObservationError,
            "Alembic finds the clone at nothing, its table alembic_version says a",
        ),
    ],
)
def test_no_way_as_alembic_tells_it(
    answer: Answer, error: type[ObservationError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order of another database, or of none, is none of the clone's."""
    with pytest.raises(ObservationError, match=words) as told:
        way.find(stage(monkeypatch, answer=answer), unclear("not asked"))
    assert type(told.value) is error


BACKS = {"a": Back(to="a", steps=("c", "b")), "c": Back(to="c", steps=())}
WAY = Way((), (), ("c",), BACKS, {"x": "no revision file defines x"}, {})


@pytest.mark.parametrize(
    ("to", "reached", "found"),
    [
        ("x", True, Absent("x: no revision file defines x")),
        ("y", True, Absent("y: no way back is known")),
        ("a", False, "the clone is not where the upgrade ends"),
        ("c", True, "nothing lies between the clone and c"),
    ],
)
def test_a_downgrade_that_is_not_tried(
    to: str,
    reached: bool,  # noqa: FBT001 - a case
    found: Absent | str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Is told as such: nothing is known of a way that nobody went."""
    monkeypatch.setattr(undo, "asked", lambda _: {"rehearsal.x": SimpleNamespace(to=to)})
    (one,) = undo.undo_all(stage(monkeypatch), WAY, reached=reached).values()
    if isinstance(found, str):
        assert isinstance(one, CannotTell)
        assert one.reason == found
    else:
        assert one == found


@pytest.mark.parametrize(
    ("statuses", "asked", "found"),
    [
        ([0, 0], ["c", "b"], (0, "")),
        ([1], ["c"], (1, "c")),
        ([0, None], ["c", "b"], (None, "b")),
    ],
)
def test_a_way_down_step_by_step(
    statuses: list[int | None], asked: list[str], found: tuple[int | None, str]
) -> None:
    """It ends with the first step that does not go."""
    left, seen = [*statuses], []

    def ask(_: str, revisions: list[str]) -> Answer:
        seen.extend(revisions)
        return Answer(left.pop(0), revisions[0], {})

    runner: Any = SimpleNamespace(ask=ask)
    place: Any = None
    assert undo._down(place, place, runner, "a", BACKS["a"]) == found  # noqa: SLF001 - the steps
    assert seen == asked


def test_what_a_tree_does_not_hold() -> None:
    """Is named, where Alembic names it."""
    said = "alembic.util.exc.CommandError: Can't locate revision identified by 'abc'"
    assert undo._unknown(said) == ": the tree holds no file of abc"  # noqa: SLF001 - of the reason
    assert undo._unknown("KeyError: 'abc'") == ""  # noqa: SLF001
