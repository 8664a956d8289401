"""A fault as somebody writes it: what is done, what proves it, what has to turn."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic

from gate.contract.item import Moment
from gate.rule import Filled, Has, Not, Rule, Some
from gate.target import Difference
from gate.toml import Strict

Outcome = Literal["FAIL", "INCONCLUSIVE", "WARN"]
Text = Annotated[str, pydantic.Field(min_length=1)]
UNCLEAR = "? "
"""What the words of an item that cannot be told begin with."""


Way = Literal["absent", "wrong", "untold", "lies"]


class Gate(Strict):
    """How the gate is run beside a fault, where that is a part of it.

    Attributes:
        pytest: Whether ``pytest -m MOMENT`` is run instead of ``gate check MOMENT``.
        python: Options of the interpreter, such as ``-O``.
        options: Further options of the command.
        kill_s: It is killed (SIGKILL) so many seconds after its start.
        environ: Variables that are set for it.
    """

    pytest: bool = False
    python: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    kill_s: Annotated[float, pydantic.Field(gt=0, le=600)] | None = None
    environ: dict[str, str] = {}


class Fault(Strict):
    """One fault.

    Attributes:
        title: What is wrong, as a sentence.
        chapter: What it is about; any word, to choose by and to count by.
        way: In what way the facts are not as promised: ``absent`` (what is promised is not there),
            ``wrong`` (it is, and is otherwise), ``untold`` (nobody can tell) or ``lies`` (what is
            asked says that all is well, and it is not).
        where: Kinds of places it can be done at; a target's ``[drill]`` says which one it is.
        moment: When the gate looks.
        state: In which state the system is: ``before`` the deployment or ``after`` it; left out,
            as the moment has it. A fault of the deployment itself is ``moment = "postdeploy"``
            with ``state = "before"``.
        inject: What is done, by the name of an injector.
        restarts: Units that are started again once it is undone: for as long as they run they would
            be told of by what they logged of it.
        differs: Keys of the contract that are replaced for this fault, as a target's ``differs``:
            a variant of the plan, or a promise that is not kept.
        gate: How the gate is run.
        whole: Whether the whole contract is looked at, also what the drill leaves out.
        wait_s: How long the fault stands before the gate looks, in seconds.
        ready_s: Within what time the effect has to be proven, in seconds.
        expect: What has to turn: by item, words of the reason; those of an item that has to be
            INCONCLUSIVE begin with ``? ``, those of one that has to be WARN with ``! ``.
        may: What may turn besides; ``*`` stands for any characters.
        exit: The exit status that the gate has to end with.
        within_s: Within what time it has to end, in seconds.
        known_gap: Why it is not detected today: a miss that is counted, and never hidden.
    """

    title: Text
    chapter: Text
    way: Way = "wrong"
    where: tuple[str, ...] = ()
    moment: Moment = "predeploy"
    state: Literal["before", "after"] | None = None
    inject: dict[str, dict[str, Any]] = {}
    restarts: tuple[Text, ...] = ()
    differs: tuple[Difference, ...] = ()
    gate: Gate | None = None
    whole: bool = False
    wait_s: Annotated[float, pydantic.Field(ge=0, le=600)] = 0.0
    ready_s: Annotated[float, pydantic.Field(gt=0, le=600)] = 15.0
    expect: dict[str, str] = {}
    may: tuple[str, ...] = ()
    exit: int = 1
    within_s: Annotated[float, pydantic.Field(gt=0, le=3600)] = 120.0
    known_gap: str = ""

    RULES = (
        Rule(
            Some(Filled("inject"), Filled("differs"), Has("gate")),
            "does nothing: needs inject, differs or gate",
        ),
        Rule(Some(Not(Filled("restarts")), Filled("inject")), "restarts goes with inject"),
    )

    @property
    def stands(self) -> Literal["before", "after"]:
        """The state of the system that it is done to."""
        return self.state or ("before" if self.moment == "predeploy" else "after")

    def wants(self, id_: str) -> tuple[Outcome, str] | None:
        """What an item has to end as, and words of its reason; ``None`` where it may not turn."""
        words = self.expect.get(id_)
        if words is None:
            return None
        for mark, outcome in MARKS.items():
            if words.startswith(mark) or words == mark.strip():
                return outcome, words[len(mark) :]
        return "FAIL", words

    def allows(self, id_: str) -> bool:
        """Whether an item may turn, though it does not have to."""
        return any(fnmatch.fnmatchcase(id_, one) for one in self.may)


MARKS: Mapping[str, Outcome] = {UNCLEAR: "INCONCLUSIVE", "! ": "WARN"}


class About(Strict):
    """What holds for all faults of a folder.

    Attributes:
        leaves_out: Chapters that are left out of the contract where a fault does not ask for them
            (``whole``, or an item of theirs in ``expect``): what takes long and is not concerned.
        healthy_only: The same, but for healthy runs (``--healthy``), which look at them: how long
            something takes cannot be told of a machine that a drill keeps busy.
        promises: Folder beside the faults with promises of the drill's own, for what the contract
            has no item of; they are added to it where a fault expects something of one.
        stage: What these promises are about: done once, by injectors as a fault's ``inject``, and
            taken back at the end.
        holes: Why no fault shows a kind of promise in one way, by ``KIND.WAY``.
    """

    leaves_out: tuple[str, ...] = ()
    healthy_only: tuple[str, ...] = ()
    promises: str = ""
    stage: dict[str, dict[str, Any]] = {}
    holes: dict[str, str] = {}
