"""What is said of the steps of a plan, and of versions of what they need."""

from __future__ import annotations

from typing import Any

import pytest

from gate.contract.item import Moment
from gate.errors import ContractError, ObservationError
from gate.kinds.finding import Finding
from gate.kinds.runtime import version_in
from gate.kinds.step import KIND
from gate.plan.facts import PlanFacts, StepRecord
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from tests.selftest.given import DESK, NOW, finding, host, promised, scene, unclear
from tests.selftest.judgements.test_catalogs import database

UNCLEAR = "cannot tell (upstream): nobody tells"
STEP = 'phase = "deploy"\norder = 1\nrun = "make"'


def step(keys: str = "", moment: Moment = "postdeploy", **sources: Any) -> Finding:
    """What comes of a step."""
    items = {"step.x": keys if "phase" in keys else f"{STEP}\n{keys}"}
    return finding(scene(items, moment=moment, **sources), "step.x")


def done(**changes: Any) -> Any:
    """The record of a step that went well."""
    facts: dict[str, Any] = {"step": "x", "command": "make", "started": NOW, "seconds": 1.25}
    record = StepRecord(**{**facts, "exit_status": 0, "output": "a\nb\n", **changes})
    return Seen(PlanFacts(steps={"step.x": Seen(record)}))


ENDED = "exit status 0 after 1.2 s"


@pytest.mark.parametrize(
    ("keys", "plan", "seen", "broken"),
    [
        ("", done(), ENDED, ()),
        ("", done(exit_status=3), "exit status 3 after 1.2 s", ("exit status 3: b",)),
        ("", done(exit_status=3, output="a\nb\nc\n"), "exit status 3 after 1.2 s",
         ("exit status 3: c",)),
        ("", done(state="done already", exit_status=None, output="a\nb\nc"), "done already: c", ()),
        ("", done(exit_status=3, output="\n"), "exit status 3 after 1.2 s",
         ("exit status 3: no output",)),
        ('expect = "^a"', done(), ENDED, ()),
        ('expect = "c"', done(), ENDED, ("nothing like 'c' in its output",)),
        ('expect = "c"', done(exit_status=3), "exit status 3 after 1.2 s", ("exit status 3: b",)),
        ("", done(unmet="it is not up"), ENDED, ("it is not up",)),
        ("", done(exit_status=3, unmet="it is not up"), "exit status 3 after 1.2 s",
         ("exit status 3: b", "it is not up")),
        ('expect = "c"', done(unmet="nothing like 'c' in its output"), ENDED,
         ("nothing like 'c' in its output",)),
        ("", done(state="failed"), ENDED, ("it did not succeed",)),
        ("", done(state="failed", unmet="it is not up"), ENDED, ("it is not up",)),
        ("", done(state="done already", exit_status=None), "done already: b", ()),
        ("", done(state="not needed", exit_status=None, output=" "), "not needed", ()),
        ('expect = "c"', done(state="not needed", exit_status=None), "not needed: b", ()),
        ("", Seen(PlanFacts(steps={"step.x": Absent("an earlier one failed")})), "not carried out",
         ("not carried out: an earlier one failed",)),
        ("", Seen(PlanFacts(steps={})), "not carried out", ("not carried out: not in the record",)),
    ],
)  # fmt: skip
def test_a_step(keys: str, plan: Any, seen: str, broken: tuple[str, ...]) -> None:
    """It was carried out, ended well, printed what it should, and did what it should."""
    found = step(keys, plan=plan)
    assert (found.seen, found.broken) == (seen, broken)
    like = f", output like {keys[9:].strip()[1:-1]!r}" if keys else ""
    assert found.promised == f"exit status 0{like}"
    assert found.look == ""


def test_a_step_to_look_at() -> None:
    """By its own question, never by itself."""
    keys = 'done_if = "test -e /made"'
    for plan in (done(), done(state="done already", exit_status=None)):
        assert step(keys, plan=plan).look == "test -e /made"


@pytest.mark.parametrize(
    ("plan", "result"),
    [
        (done(), "1.2s"),
        (done(state="done already"), "done already"),
        (done(state="failed"), "failed"),
        (Seen(PlanFacts(steps={})), "-"),
    ],
)
def test_a_step_in_a_table(plan: Any, result: str) -> None:
    """How long it took where it was done, else what became of it."""
    where = scene({"step.x": f'{STEP}\ntext = "Make it."'}, moment="postdeploy", plan=plan)
    promise = where.contract.promise("step.x")
    assert KIND.row is not None
    assert KIND.row(promise, where) == {"Step": "deploy 1", "What": "Make it.", "Result": result}


def test_steps_that_are_not_told() -> None:
    """Without a record nothing is known of them."""
    for plan, why in (
        (unclear(), UNCLEAR),
        (
            Absent("none was run"),
            "cannot tell (upstream): no deploy plan that was carried out: none",
        ),
        (Seen(PlanFacts(steps={"step.x": unclear()})), UNCLEAR),
    ):
        with pytest.raises(ObservationError) as raised:
            step(plan=plan)
        assert str(raised.value).startswith(why)


BACK = 'phase = "rollback"\norder = 1\nrun = "make"\ntools = ["git", "make"]'


@pytest.mark.parametrize(
    ("tools", "seen", "broken"),
    [
        ({"git": Seen("/bin/git"), "make": Seen("/bin/make")}, "all there", ()),
        ({"git": Seen("/bin/git"), "make": Absent("no")}, "missing: make",
         ("make is not on the target",)),
        ({"git": Absent("no"), "make": Absent("no")}, "missing: git, make",
         ("git is not on the target", "make is not on the target")),
        ({"git": unclear(), "make": Absent("no")}, "missing: make", ("make is not on the target",)),
        ({"git": unclear(), "make": Seen("/bin/make")}, "", ()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("moment", ["predeploy", "postdeploy"])
def test_tools_of_a_step(
    moment: Moment, tools: dict[str, Any], seen: str, broken: tuple[str, ...]
) -> None:
    """All of them are there before it is carried out."""
    given = host(tools=tools)
    if not seen:
        with pytest.raises(ObservationError, match="nobody tells"):
            step(BACK, moment, host=given)
        return
    found = step(BACK, moment, host=given)
    assert (found.seen, found.broken) == (seen, broken)
    assert found.promised == "can be carried out: git, make"
    assert found.look == "command -v git make"
    assert step("", "predeploy", host=given).promised == "can be carried out: needs no tool"


def test_the_moment_of_a_step() -> None:
    """Its own result is asked for where its plan is carried out, its tools before."""
    assert step(BACK, "rollback", plan=done()).promised == "exit status 0"
    assert step("", "rollback", host=host()).promised.startswith("can be carried out")
    for keys, late in ((STEP, "postdeploy"), (BACK, "rollback")):
        promise = promised({"step.x": keys}).promise("step.x")
        item = promise.at("predeploy")
        assert KIND.moments(item, True) == ("predeploy", late)
        assert KIND.moments(item, False) == ("predeploy",)
        moments: tuple[Moment, ...] = ("predeploy", "postdeploy")
        assert [KIND.shows(promise, one) for one in moments] == [keys == BACK, True]
        asked: Any = [*KIND.asks(promise, "predeploy", DESK)]
        assert [one.tool for one in asked] == (["git", "make"] if keys == BACK else [])


def test_the_moment_of_what_is_no_step() -> None:
    """It is that of the deployment."""
    group = promised({"group.a": 'group = "a"'}).promise("group.a").before
    assert KIND.moments(group, True) == ("predeploy", "postdeploy")


def test_what_a_step_waits_for() -> None:
    """An endpoint that somebody promises."""
    keys = f'{STEP}\nanswers = "up"'
    with pytest.raises(ContractError, match=r"answers: there is no item 'endpoint\.up'"):
        promised({"step.x": keys})
    promised({"step.x": keys, "endpoint.up": 'method = "GET"\npath = "/up"'})
    promised({"step.x": STEP})


def version(keys: str, **sources: Any) -> str:
    """What is said of a version."""
    there = scene({"runtime.x": f'label = "It"\n{keys}'}, **sources)
    try:
        return "; ".join(finding(there, "runtime.x").broken)
    except ObservationError as error:
        return str(error)


IT = 'command = ["/bin/it", "-V"]\n'


@pytest.mark.parametrize(
    ("keys", "output", "expected"),
    [
        ('version = "1.2"', Seen("it 1.2.3 (of 4)"), ""),
        ('version = "1.20"', Seen("it 1.2.3"), "It is version 1.2.3"),
        ('version = "4"\npattern = "of ([0-9])"', Seen("it 1.2.3 (of 4)"), ""),
        ('version = "1.2"', Seen("it"), "cannot tell (upstream): no version like "
         "'(\\\\d+(?:\\\\.\\\\d+)*)' in the output 'it'"),
        ('version = "1.2"\npattern = "([0-9])"', Seen("x" * 201), "cannot tell (upstream): no version "
         f"like '([0-9])' in the output '{'x' * 200}'"),
        ('version = "1.2"', Absent("no such command"), "It is not installed"),
        ('version = "1.2"', unclear(), UNCLEAR),
        ('version = "1.2"\nbefore = "absent"', Seen("it 1.2"), "It is installed: 1.2"),
        ('version = "1.2"\nbefore = "absent"', Absent("no such command"), ""),
        ('version = "1.2"\nbefore = "absent"', unclear(), UNCLEAR),
    ],
)  # fmt: skip
def test_a_version(keys: str, output: Any, expected: str) -> None:
    """As its own command prints it."""
    assert version(IT + keys, host=host(outputs={"runtime.x": output})) == expected
    assert "was not asked for" in version(IT + keys, host=host())
    assert version(IT + keys, host=unclear()) == UNCLEAR


def test_a_pattern_that_does_not_end() -> None:
    """It tells nothing."""
    found = version_in("it 1.2", "(")
    assert isinstance(found, CannotTell)
    assert found.cause is Cause.TIMEOUT
    assert found.reason.startswith("cannot tell: the pattern '('")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('server = "postgresql"\nversion = "16"', ""),
        ('server = "postgresql"\nversion = "16.11"', ""),
        ('server = "postgresql"\nversion = "17"', "It is version 16.11"),
        ('extension = "vector"\nversion = "0.8"', ""),
        ('extension = "vector"\nversion = "0.9"', "It is version 0.8"),
        ('extension = "hstore"\nversion = "1"', "It is not installed"),
        ('extension = "hstore"\nversion = "1"\nbefore = "absent"', ""),
    ],
)
def test_a_version_of_a_database(keys: str, expected: str) -> None:
    """Of the server, without what a distribution puts behind it, and of what it has."""
    there = database(server_version="16.11 (Debian 16.11-1.pgdg12+1)")
    assert version(keys, database=there) == expected
    assert version(keys, database=unclear()) == UNCLEAR
    gone = "cannot tell (upstream): none is promised"
    assert version(keys, database=Absent("none is promised")) == gone


def test_a_version_of_a_package() -> None:
    """As its environment has it."""
    keys = 'package = ["/srv/env", "it"]\nversion = "1.2"'
    for fact, expected in ((Seen("1.2.3"), ""), (Seen("1.3"), "It is version 1.3"),
                           (Absent("no"), "It is not installed"), (unclear(), UNCLEAR)):  # fmt: skip
        assert version(keys, host=host(packages={"runtime.x": fact})) == expected


def test_a_version_in_words() -> None:
    """What was promised, what was seen, and how to look oneself."""
    for keys, fact, words in (
        ('version = "1"', Seen("it 1.2"), ("version 1", "version 1.2")),
        ('version = "1"', Absent("no it"), ("version 1", "not installed (no it)")),
        ('version = "1"\nbefore = "absent"', Seen("it 1.2"), ("not installed", "version 1.2")),
    ):
        items = {"runtime.x": f'label = "It"\n{IT}{keys}'}
        found = finding(scene(items, host=host(outputs={"runtime.x": fact})), "runtime.x")
        assert (found.promised, found.seen, found.look) == (*words, "/bin/it -V")
    items = {"runtime.x": 'label = "It"\nserver = "postgresql"\nversion = "1"'}
    assert finding(scene(items, database=database()), "runtime.x").look == ""
