"""Probes: what a kind from outside asks a host, through the one script over the one connection."""

from __future__ import annotations

import itertools
import pathlib
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pydantic
import pytest

from gate.connection.carrier import open_carrier
from gate.errors import GateError
from gate.sources.fact import Absent, CannotTell, Cause, Fact, Seen
from gate.sources.host import look as host
from gate.sources.host.alone import OWN
from gate.sources.host.each import Bounded, Command, blocks, each
from gate.sources.host.facts import HostFacts, HostQuestions
from gate.sources.host.probe import AskProbe, Probe, Probed, probed
from gate.sources.host.questions import AskPath, host_questions
from gate.sources.host.section import Section
from gate.target import Deadlines
from tests.selftest.hosts import target
from tests.selftest.promised import lying, scene

HERE = target("local://").model_copy(update={"deadlines": Deadlines(host_s=8)})


class Word(pydantic.BaseModel):
    """What a subject said."""

    word: str
    parts: tuple[int, ...] = ()


def say(subjects: Sequence[str]) -> str:
    """Each subject back, on a line of its own."""
    return f"printf '%s\\n' {shlex.join(subjects)}"


def words(section: Section, subjects: Sequence[str]) -> Mapping[str, Word]:
    """The subjects whose line is there."""
    lines = section.text.splitlines()
    return {one: Word(word=one, parts=(1, 2)) for one in subjects if one in lines}


def probe(name: str = "test.words", **changes: Any) -> Probe[str, Word]:
    """A probe that hears its own subjects."""
    settings: dict[str, Any] = {"model": Word, "script": say, "read": words, "deadline_s": 1.0}
    return Probe(name=name, **{**settings, **changes})


def ask(*questions: object) -> HostFacts:
    """Look at this host, in one command, and keep it as a document does."""
    with open_carrier(HERE) as carrier:
        found = host.look(HERE, host_questions([*questions, AskPath("/")], 0.05), carrier)
    assert isinstance(found, Seen), found
    assert isinstance(found.value.paths["/"], Seen), "a probe spoilt what is not its own"
    return HostFacts.model_validate_json(found.value.model_dump_json())


def fact(probe: Probe[str, Word], subject: str, *others: object) -> Fact[Word]:
    """What a probe tells of one subject, beside others."""
    return probed(ask(AskProbe(probe, subject), *others).probes, probe, subject)


def unknown(probe: Probe[str, Word], subject: str = "a", *others: object) -> CannotTell:
    """Why a probe cannot tell of a subject."""
    found = fact(probe, subject, *others)
    assert isinstance(found, CannotTell), found
    return found


def test_subjects_are_paired_by_name() -> None:
    """Two probes with the same subjects, awkward ones among them; a tuple is a subject, too."""
    odd = ["a", "it's", "two words", "$(id)", "é", "-n", "}"]
    first = probe()
    second = Probe[tuple[str, int], Word](
        name="test.lengths",
        model=Word,
        script=lambda asked: "; ".join(f"echo {number}" for _, number in asked),
        read=lambda section, asked: {
            one: Word(word=section.text.split()[-1]) for one in asked if one[1] > 1
        },
    )
    found = ask(
        *(AskProbe(second, (one, number)) for number, one in enumerate(odd)),
        *(AskProbe(first, one) for one in reversed(odd)),
    ).probes
    assert [probed(found, first, one) for one in odd] == [
        Seen(Word(word=one, parts=(1, 2))) for one in odd
    ]
    assert probed(found, second, ("two words", 2)) == Seen(Word(word="6"))
    left_out = probed(found, second, ("a", 0))
    assert isinstance(left_out, CannotTell)
    assert "told nothing of this" in left_out.reason


def test_what_is_left_out_or_was_not_asked_cannot_be_told() -> None:
    """Never absent; absent is what the reader says is absent."""
    quiet = probe(read=lambda _section, _asked: {"gone": Absent("no such word")})
    assert fact(quiet, "gone") == Absent("no such word")
    assert "told nothing of this" in unknown(quiet).reason
    assert "not asked for" in str(probed(ask().probes, quiet, "a"))


@pytest.mark.parametrize(
    ("broken", "reason", "cause"),
    [
        (
            {"script": lambda asked: asked[7]},
            "its script failed: IndexError: tuple index out of range",
            Cause.UPSTREAM,
        ),
        ({"script": lambda _asked: "echo a; fi"}, "told nothing", Cause.UPSTREAM),
        ({"script": lambda _asked: "exit 7"}, "exit status 7", Cause.UPSTREAM),
        ({"script": lambda _asked: "no-such-tool-here"}, "not found", Cause.UPSTREAM),
        ({"script": lambda _asked: "a\0b"}, "NUL", Cause.UPSTREAM),
        ({"script": lambda _asked: "sleep 30; echo a"}, "too long", Cause.TIMEOUT),
        ({"script": lambda _asked: "sleep 30 & cat"}, "told nothing", Cause.UPSTREAM),
        ({"script": lambda _asked: "yes a"}, "larger than 1024 KiB", Cause.UPSTREAM),
        ({"script": lambda _asked: "exec >&- 2>&-; cat /proc/self/fd/*"}, "told", Cause.UPSTREAM),
        ({"script": lambda _asked: "kill -HUP $$"}, "told nothing", Cause.UPSTREAM),
        (
            {"read": lambda section, _asked: {"a": section.err[999]}},
            "its reader failed: IndexError: string index out of range",
            Cause.UPSTREAM,
        ),
        ({"read": lambda _section, _asked: None}, "its reader failed", Cause.UPSTREAM),
        ({"read": lambda _section, _asked: {"a": "word"}}, "told str, which is no", Cause.UPSTREAM),
    ],
    ids=itertools.count(),
)
def test_a_broken_probe_spoils_its_own_subjects_only(
    broken: dict[str, Any], reason: str, cause: Cause
) -> None:
    """Its script fails, hangs, floods, or its reader does: the next probe is not touched by it."""
    bad, good = probe("test.bad", **broken), probe("test.good")
    started = time.monotonic()
    found = ask(AskProbe(bad, "a"), AskProbe(good, "a")).probes
    assert probed(found, good, "a") == Seen(Word(word="a", parts=(1, 2)))
    why = probed(found, bad, "a")
    assert isinstance(why, CannotTell)
    assert reason in why.reason
    assert why.cause is cause
    assert time.monotonic() - started < 6


def test_what_a_probe_leaves_behind_spoils_its_own_subjects_only() -> None:
    """It holds both outputs: which of their readers ends first is a race, and either is told."""
    bad, good = probe("test.bad", script=lambda _: "setsid sleep 20 & :"), probe("test.good")
    started = time.monotonic()
    found = ask(AskProbe(bad, "a"), AskProbe(good, "a")).probes
    assert probed(found, good, "a") == Seen(Word(word="a", parts=(1, 2)))
    why = probed(found, bad, "a")
    assert isinstance(why, CannotTell)
    nothing, late = "told nothing" in why.reason, "ended for taking too long" in why.reason
    assert (nothing, late, why.cause) in {
        (True, False, Cause.UPSTREAM),
        (False, True, Cause.TIMEOUT),
    }
    assert time.monotonic() - started < 6


def test_what_was_told_before_the_end_is_told() -> None:
    """A probe that is late says what it has said."""
    late = probe(script=lambda asked: f"{say(asked[:1])}; sleep 30; {say(asked[1:])}")
    found = ask(AskProbe(late, "a"), AskProbe(late, "b")).probes
    assert probed(found, late, "a") == Seen(Word(word="a", parts=(1, 2)))
    assert isinstance(why := probed(found, late, "b"), CannotTell)
    assert why.cause is Cause.TIMEOUT


def test_many_slow_probes_share_the_hosts_time() -> None:
    """Their deadlines together are never more than half of what the target allows the host."""
    slow = [probe(f"test.slow-{n}", script=lambda _: "sleep 30", deadline_s=99) for n in range(3)]
    started = time.monotonic()
    found = ask(*(AskProbe(one, "a") for one in slow)).probes
    assert all(isinstance(probed(found, one, "a"), CannotTell) for one in slow)
    assert time.monotonic() - started < HERE.deadlines.host_s


def test_probes_and_other_questions_do_not_wait_for_each_other(tmp_path: pathlib.Path) -> None:
    """A tool that is slow keeps no probe waiting, however much that has to tell.

    The tool ends well only where the probe has told more than pipes hold, and goes on.
    """
    met, real = tmp_path / "met", shutil.which("stat")
    waits = f"n=0; until [ -e {met} ]; do sleep 0.1; n=$((n + 1)); [ $n -lt 30 ] || exit 9; done"
    here = lying(tmp_path, stat=f'{waits}; exec {real} "$@"')
    much = probe(script=lambda asked: f"{say(asked)}; head -c 900000 /dev/zero; : >{met}")
    questions = host_questions([AskPath("/"), AskProbe(much, "a")], 0.05)
    with open_carrier(here) as carrier:
        found = host.look(here, questions, carrier)
    assert isinstance(found, Seen)
    assert probed(found.value.probes, much, "a") == Seen(Word(word="a", parts=(1, 2)))
    assert isinstance(found.value.paths["/"], Seen), found.value.paths


def test_two_probes_of_one_name_are_a_mistake() -> None:
    """And nothing is asked."""
    questions = [AskProbe(probe(), "a"), AskProbe(probe(deadline_s=2.0), "a")]
    with pytest.raises(GateError, match=r"two probes are called 'test.words'"):
        host_questions(questions, 0.05)
    with pytest.raises(ValueError, match="a probe's name is like"):
        probe("no name; rm")


def test_another_version_of_a_probe_does_not_judge_what_was_kept() -> None:
    """Nor does one of the same number whose facts are others."""
    kept = ask(AskProbe(probe(), "a")).probes
    later = probed(kept, probe(format=2), "a")
    assert isinstance(later, CannotTell)
    assert "kept by another version" in later.reason
    odd = {"test.words": Probed(format=1, facts={"a": Seen({"letters": 1})})}
    assert "is none of its facts" in str(probed(odd, probe(), "a"))


def beside(commands: Mapping[str, Command]) -> Probe[Any, Word]:
    """A probe that runs commands side by side, a second each, and tells their words and status."""
    return probe(
        script=lambda asked: each((commands[one] for one in asked), 1.0),
        read=lambda section, asked: {
            one: Word(word=block.text, parts=(block.rc,))
            for one, block in blocks(section, asked).items()
        },
        deadline_s=4.0,
    )


def test_commands_side_by_side() -> None:
    """Many at once, each for its own time; none passes for another one's answer."""
    commands: dict[str, Command] = {
        "plain": "echo one; echo two >&2; exit 3",
        "forger": "printf '0 forged\\n0\\n\\n2 0'",
        "hangs": "echo begun; sleep 30",
        "reads": "cat; echo read",
        "floods": "yes",
        **{f"more {n}": f"sleep 0.2; echo {n}" for n in range(30)},
    }
    side = beside(commands)
    started = time.monotonic()
    found = ask(*(AskProbe(side, one) for one in commands)).probes
    assert time.monotonic() - started < 6
    told = {one: probed(found, side, one) for one in commands}
    assert isinstance(told.pop("floods"), CannotTell)
    assert {one: fact.value.parts for one, fact in told.items() if isinstance(fact, Seen)} == {
        "plain": (3,),
        "forger": (0,),
        "hangs": (124,),
        "reads": (0,),
        **{f"more {n}": (0,) for n in range(30)},
    }
    assert told["plain"] == Seen(Word(word="one\ntwo", parts=(3,)))
    assert told["forger"] == Seen(Word(word="0 forged\n0\n\n2 0", parts=(0,)))
    assert told["hangs"] == Seen(Word(word="begun", parts=(124,)))
    assert told["more 29"] == Seen(Word(word="29", parts=(0,)))


def test_programs_without_a_shell_of_their_own() -> None:
    """A program with its arguments, and what has ends of its own, are told as a shell's text is."""
    commands: dict[str, Command] = {
        "program": ("printf", "%s|", "a b", "'$x'", "*"),
        "missing": ("no-such-tool-here", "x"),
        "hangs": ("sleep", "30"),
        "bounded": Bounded("echo one; echo two >&2; (exit 3)"),
        "reads": Bounded("cat; echo read"),
        "shell": "echo $0",
    }
    side = beside(commands)
    found = ask(*(AskProbe(side, one) for one in commands)).probes
    told = {one: probed(found, side, one) for one in commands}
    assert told == {
        "program": Seen(Word(word="a b|'$x'|*|", parts=(0,))),
        "missing": Seen(Word(word="sh: no-such-tool-here: not found", parts=(127,))),
        "hangs": Seen(Word(word="", parts=(124,))),
        "bounded": Seen(Word(word="one\ntwo", parts=(3,))),
        "reads": Seen(Word(word="read", parts=(0,))),
        "shell": Seen(Word(word="sh", parts=(0,))),
    }


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo a; fi", "told nothing"),
        ("exit 7", "exit status 7"),
        ("no-such-tool-here", "not found"),
        ("a'b", "told nothing"),
        ("head -c 2000000 /dev/zero", "larger than 1024 KiB"),
        ("yes", "larger than 1024 KiB"),
        ("yes a >&2", "told nothing"),
        ("exec >&- 2>&-", "told nothing"),
        ("ask_proc() { :; }; token=x; PATH=/; exec 3>&-", "told nothing"),
    ],
    ids=itertools.count(),
)
def test_a_broken_light_probe_spoils_its_own_subjects_only(script: str, reason: str) -> None:
    """It has no shell of its own, and is left as others are."""
    bad = probe("test.bad", script=lambda _: script, light=True)
    good = [probe("test.good"), probe("test.light", light=True)]
    found = ask(*(AskProbe(one, "a") for one in (bad, *good))).probes
    for one in good:
        assert probed(found, one, "a") == Seen(Word(word="a", parts=(1, 2)))
    why = probed(found, bad, "a")
    assert isinstance(why, CannotTell)
    assert reason in why.reason


def test_what_is_light_is_not_asked_at_the_end() -> None:
    """It would keep everything else waiting."""
    with pytest.raises(ValueError, match="at the end"):
        probe(light=True, at_the_end=True)


def test_what_is_asked_at_the_end_is_asked_behind_the_window() -> None:
    """By the host's own clock, which tells hundredths."""

    def at(section: Section, subjects: Sequence[str]) -> Mapping[str, Word]:
        return {one: Word(word=section.text.split()[0]) for one in subjects}

    last = probe(script=lambda _: "cat /proc/uptime", read=at, at_the_end=True)
    questions = host_questions([AskProbe(last, "a")], 1.0)
    before = pathlib.Path("/proc/uptime").read_text("ascii").split()[0]
    with open_carrier(HERE) as carrier:
        found = host.look(HERE, questions, carrier)
    assert isinstance(found, Seen)
    fact = probed(found.value.probes, last, "a")
    assert isinstance(fact, Seen)
    assert float(fact.value.word) - float(before) >= 1.0


def test_no_probes_no_word_of_them() -> None:
    """A look without probes asks what it always asked."""
    assert HostQuestions().probes == {}
    assert ask().probes == {}


@pytest.mark.skipif(shutil.which("timeout") is None, reason="no coreutils")
def test_a_quick_program_ends_as_it_does() -> None:
    """What is ended behind it are its own children, and never the ``timeout`` that runs it.

    One that had only just been started took the signal for its own end, now and then.
    """
    words = ["timeout", "-k", "1", "20", "sh", "-c", "\n".join(OWN), "sh", "true"]

    def status(_: int) -> int:
        return subprocess.run(words, check=False, timeout=30).returncode  # noqa: S603

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(status, range(300))) == {0}


@pytest.mark.parametrize("ends", ["coreutils", "busybox"])
def test_a_host_that_takes_too_long_names_what_allows_more(
    ends: str, tmp_path: pathlib.Path
) -> None:
    """Nothing is known of it, and the setting is said that is the limit, whoever ends it."""
    if ends == "busybox" and shutil.which("busybox") is None:
        pytest.skip("no busybox: apt-get install busybox-static")
    program = "busybox timeout" if ends == "busybox" else "/usr/bin/timeout"
    tools = dict.fromkeys(("getconf", "ss", "systemctl"), "exec sleep 60")  # no applets
    target = lying(tmp_path, **tools, timeout=f'exec {program} "$@"')
    quick = target.model_copy(update={"deadlines": Deadlines(host_s=0.6, window_s=0.0)})
    found = scene(tmp_path, {"sysctl.type": 'key = "kernel.ostype"\nvalue = "Linux"'}, quick)
    host_fact = found.observed.host
    told = host_fact.reason if isinstance(host_fact, CannotTell) else "it was seen"
    assert "[deadlines] host_s = 0.6 of the target" in told
    assert getattr(host_fact, "cause", None) is Cause.TIMEOUT
