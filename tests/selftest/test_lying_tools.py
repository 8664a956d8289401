"""Tools of a host that lie, are silent or never end: nothing that they cannot know is seen."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gate.connection.carrier import open_carrier
from gate.connection.frame import Output
from gate.connection.obstacle import CarrierError
from gate.sources.fact import Absent, CannotTell, Cause, Seen
from gate.sources.host import look as host
from gate.sources.host import script
from gate.sources.host.facts import HostFacts, HostQuestions
from gate.target import Target
from tests.selftest.hosts import target
from tests.selftest.runs import ROOT

UNIT = "desk.service"
SILENT = "#!/bin/sh\nexit 0\n"
JUNK = "#!/bin/sh\necho 'Segmentation fault? Perhaps, perhaps not: 7 of 9'\n"
FLOOD = "#!/bin/sh\nexec yes 'LISTEN 0 5 127.0.0.1:1 0.0.0.0:*'\n"
HANG = "#!/bin/sh\nexec sleep 60\n"
SHOWN = """#!/bin/sh
case $1 in
show) cat <<END
Id=desk.service
Names=desk.service
LoadState={load}
ActiveState={active}
SubState={sub}
MainPID={pid}
Type={type}
NRestarts=0
UnitFileState=enabled
ExecMainStartTimestampMonotonic=1000
ActiveEnterTimestampMonotonic=1000
ControlGroup={group}
END
;;
list-dependencies) echo default.target; echo desk.service ;;
list-units) echo 'desk.service loaded {active} {sub} A desk' ;;
esac
"""
EVERY = (
    *("date", "id", "getconf", "find", "grep", "sed", "awk", "ls", "realpath", "systemd-analyze"),
    *("ss", "stat", "journalctl", "uname"),
)
"""What a look takes of a host, besides cat, head, tail, sleep and timeout."""
GROWN_MIB = 240
"""How much of its own a process may take for one look."""

Look = Callable[..., HostFacts]


@pytest.fixture
def shims(tmp_path: pathlib.Path) -> Callable[[str, str], None]:
    """A function that puts a program of a name in front of the host's own."""
    (tmp_path / "bin").mkdir()

    def put(name: str, text: str) -> None:
        program = tmp_path / "bin" / name
        program.write_text(text)
        program.chmod(0o755)

    return put


@pytest.fixture
def here(tmp_path: pathlib.Path) -> Target:
    """This very host, with the shims in front."""
    return target("local://").model_copy(update={"path": (str(tmp_path / "bin"),)})


@pytest.fixture
def look(here: Target) -> Look:
    """A function that looks at this host and asks it something."""

    def ask(**questions: Any) -> HostFacts:
        with open_carrier(here) as carrier:
            found = host.look(here, HostQuestions(window_s=0.05, **questions), carrier)
        assert isinstance(found, Seen), found
        return found.value

    return ask


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_a_program_that_leaves_a_process(look: Look, shims: Callable[[str, str], None]) -> None:
    """One that holds the program's output does not hold up the look, nor the answer."""
    shims("starts-a-daemon", "#!/bin/sh\nsleep 30 &\necho 7.2.1\n")
    facts = look(outputs={"v": ("starts-a-daemon",), "w": ("sh", "-c", "echo 3; exit 0")})
    assert (facts.outputs["v"], facts.outputs["w"]) == (Seen("7.2.1"), Seen("3"))


def test_a_program_that_leaves_a_process_out_of_reach(
    look: Look, shims: Callable[[str, str], None]
) -> None:
    """One with a session of its own is not ended; what it holds is told, and nothing else waits."""
    shims(
        "starts-a-daemon",
        '#!/bin/sh\nsetsid sh -c \': >"$0"; exec sleep 9\' "$0.away" &\n'
        'until [ -e "$0.away" ]; do sleep 0.01; done\necho 7.2.1\n',
    )
    facts = look(outputs={"v": ("starts-a-daemon",), "w": ("sh", "-c", "echo 3; exit 0")})
    odd = facts.outputs["v"]
    assert isinstance(odd, CannotTell)
    assert "a process that it left behind" in odd.reason
    assert facts.outputs["w"] == Seen("3")


def shown(**changes: object) -> str:
    """A ``systemctl`` that knows one unit; it runs as this process, as long as nothing changes."""
    known = {
        "load": "loaded",
        "active": "active",
        "sub": "running",
        "type": "simple",
        "group": "",
        "pid": os.getpid(),
    }
    return SHOWN.format(**(known | changes))


def test_what_is_true_is_seen(look: Look, port: int, shims: Callable[[str, str], None]) -> None:
    """A host whose tools tell the truth is seen, with the same questions as below."""
    shims("systemctl", shown())
    facts = look(units=(UNIT,), paths=("/etc", "/nowhere"), tools=("sh", "nowhere"))
    assert isinstance(facts.units[UNIT], Seen), facts.units
    assert isinstance(facts.listeners, Seen), facts.listeners
    assert (port in {one.port for one in facts.listeners.value}, port in facts.unsure_ports) == (
        True,
        False,
    )
    assert isinstance(facts.paths["/etc"], Seen)
    assert isinstance(facts.paths["/nowhere"], Absent)
    assert isinstance(facts.tools["sh"], Seen)
    assert isinstance(facts.tools["nowhere"], Absent)


@pytest.mark.parametrize("text", [SILENT, JUNK], ids=["silent", "junk"])
def test_ss_that_tells_nothing(
    look: Look, port: int, shims: Callable[[str, str], None], text: str
) -> None:
    """The kernel has a socket that listens: that no port is open is not told."""
    shims("ss", text)
    facts = look()
    told = facts.listeners
    assert isinstance(told, CannotTell) or port in facts.unsure_ports, told


def test_ss_that_leaves_one_out(look: Look, port: int, shims: Callable[[str, str], None]) -> None:
    """Of that port nothing is known; of every other one it is."""
    shims("ss", f"#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin ss \"$@\" | grep -v ':{port} '\n")
    facts = look()
    assert isinstance(facts.listeners, Seen)
    assert [*facts.unsure_ports] == [port]
    assert "which ss does not tell" in facts.unsure_ports[port]


def test_ss_that_makes_one_up(look: Look, shims: Callable[[str, str], None]) -> None:
    """A socket that the kernel does not have is none."""
    line = 'LISTEN 0 128 0.0.0.0:9 0.0.0.0:* users:(("desk",pid=1,fd=3)) uid:0'
    shims("ss", f"#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin ss \"$@\"; echo '{line}'\n")
    assert "which /proc/net/tcp does not have" in look().unsure_ports[9]


@pytest.mark.parametrize("text", [SILENT, JUNK], ids=["silent", "junk"])
def test_stat_that_tells_nothing(look: Look, shims: Callable[[str, str], None], text: str) -> None:
    """Neither is anything there, nor is it not."""
    shims("stat", text)
    facts = look(paths=("/etc", "/nowhere"))
    assert all(isinstance(one, CannotTell) for one in facts.paths.values()), facts.paths


def test_stat_that_finds_nothing(look: Look, shims: Callable[[str, str], None]) -> None:
    """Where even the root is not there, nothing of it is believed."""
    shims(
        "stat",
        "#!/bin/sh\nfor p; do echo \"stat: cannot statx '$p': No such file or directory\" >&2\n"
        "done; exit 1\n",
    )
    told = look(paths=("/nowhere",)).paths["/nowhere"]
    assert isinstance(told, CannotTell)
    assert "it finds no / either" in told.reason


def test_complaints_of_stat_belong_to_their_paths(
    look: Look, shims: Callable[[str, str], None]
) -> None:
    """In whatever order they come, and whatever else it says."""
    shims(
        "stat",
        "#!/bin/sh\n[ \"$1\" = -f ] || { echo 'stat: odd weather' >&2\n"
        "echo \"stat: cannot statx '/b b': No such file or directory\" >&2\n"
        "echo \"stat: cannot statx '/a': Permission denied\" >&2\n"
        "printf '/\\000directory\\000root\\000root\\000755\\000\\n'; exit 1; }\n",
    )
    facts = look(paths=("/a", "/b b", "/c"))
    assert isinstance(facts.paths["/b b"], Absent)
    causes = {p: f.cause for p, f in facts.paths.items() if isinstance(f, CannotTell)}
    assert causes == {"/a": Cause.PERMISSION, "/c": Cause.UPSTREAM}


@pytest.mark.parametrize("name", ["it's", "two\nlines", 'a "b"', "tab\there", "ünï", "back\\slash"])
def test_names_that_are_quoted(look: Look, tmp_path: pathlib.Path, name: str) -> None:
    """A path is found under its name, and missed under it, whatever is in it."""
    (tmp_path / name).mkdir()
    there, gone = f"{tmp_path}/{name}", f"{tmp_path}/{name}/gone"
    facts = look(paths=(gone, there))
    found = facts.paths[there]
    assert isinstance(found, Seen)
    assert isinstance(facts.paths[gone], Absent), facts.paths[gone]
    assert found.value.resolved == there


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pid": 0}, "no main process"),
        ({"pid": 2**22 + 7}, "is not in /proc"),
        ({"pid": "many"}, "its MainPID is 'many'"),
        ({"active": "sunny"}, "its ActiveState is 'sunny'"),
        ({"load": "heavy"}, "its LoadState is 'heavy'"),
        ({"sub": "Run, run!"}, "its SubState"),
    ],
)
def test_systemctl_that_contradicts_itself(
    look: Look, shims: Callable[[str, str], None], changes: dict[str, object], words: str
) -> None:
    """A service that runs has a process, and states are those of systemd."""
    shims("systemctl", shown(**changes))
    told = look(units=(UNIT,)).units[UNIT]
    assert isinstance(told, CannotTell), told
    assert words in told.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"active": "active", "sub": "exited", "type": "oneshot", "pid": 0},
        {"active": "inactive", "sub": "dead", "pid": 0},
        {"active": "failed", "sub": "failed", "pid": 0},
        {"load": "not-found"},
    ],
)
def test_units_that_rightly_have_no_process(
    look: Look, shims: Callable[[str, str], None], changes: dict[str, object]
) -> None:
    """One that has exited, one that is stopped; and a unit without a file whose process goes on."""
    shims("systemctl", shown(**changes))
    told = look(units=(UNIT,)).units[UNIT]
    assert isinstance(told, Seen), told


def test_unit_without_a_file_is_absent(look: Look, shims: Callable[[str, str], None]) -> None:
    """Where nothing of it runs."""
    shims("systemctl", shown(load="not-found", active="inactive", sub="dead", pid=0))
    assert isinstance(look(units=(UNIT,)).units[UNIT], Absent)


@pytest.mark.parametrize("text", [SILENT, JUNK], ids=["silent", "junk"])
def test_systemctl_that_tells_nothing(
    look: Look, shims: Callable[[str, str], None], text: str
) -> None:
    """Nothing is known of the unit."""
    shims("systemctl", text)
    assert isinstance(look(units=(UNIT,)).units[UNIT], CannotTell)


@pytest.mark.parametrize("text", [SILENT, "#!/bin/sh\nexit 1\n"], ids=["early", "fails"])
def test_a_sleep_that_returns_at_once(
    here: Target, shims: Callable[[str, str], None], text: str
) -> None:
    """The window is measured by a clock: two readings at once show nothing settled."""
    shims("systemctl", shown())
    asked = HostQuestions(units=(UNIT,), window_s=5.0)
    shims("sleep", text)
    with open_carrier(here) as carrier:
        facts = host.look(here, asked, carrier)
    assert isinstance(facts, Seen), facts
    told = facts.value.units[UNIT]
    assert isinstance(told, CannotTell), told
    assert "not 5 s: sleep ended early" in told.reason


ENTRY = '{"MESSAGE":"it broke","_SYSTEMD_UNIT":"%s","__MONOTONIC_TIMESTAMP":"2000"}'


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        pytest.param(SILENT, None, id="silent"),
        pytest.param(JUNK, None, id="junk"),
        pytest.param("#!/bin/sh\necho '-- No entries --'\n", None, id="none at all"),
        pytest.param(f"#!/bin/sh\necho '{ENTRY % UNIT}'\n", 1, id="one"),
        pytest.param(f"#!/bin/sh\necho '{ENTRY % 'x.service'}'\n", 0, id="of another"),
        pytest.param(
            f"#!/bin/sh\necho '{ENTRY % UNIT}'; echo '{ENTRY % 'x.service'}' | cut -c -60\n",
            1,
            id="half an entry of another",
        ),
        pytest.param(
            f"#!/bin/sh\necho '{ENTRY % UNIT}'; echo '{(ENTRY % UNIT)[:-9]}'\n", None, id="half one"
        ),
    ],
)
def test_journal(
    look: Look, shims: Callable[[str, str], None], text: str, errors: int | None
) -> None:
    """Only what is the journal's own JSON is counted; nothing at all is no journal."""
    shims("systemctl", shown())
    shims("journalctl", text)
    unit = look(units=(UNIT,)).units[UNIT]
    assert isinstance(unit, Seen)
    journal = unit.value.journal
    assert (len(journal.value.last) if isinstance(journal, Seen) else None) == errors, journal


@pytest.mark.parametrize(
    "tool", ["date", "uname", "id", "getconf", "realpath", "find", "ls", "sed"]
)
@pytest.mark.parametrize("text", [SILENT, JUNK], ids=["silent", "junk"])
def test_one_tool_spoils_its_own_answers(
    look: Look, shims: Callable[[str, str], None], tool: str, text: str
) -> None:
    """A unit, a path and a version are seen, whatever another tool says."""
    shims("systemctl", shown())
    shims("known", "#!/bin/sh\necho version 1.2\n")
    shims(tool, text)
    facts = look(
        units=(UNIT,), paths=("/etc",), outputs={"v": ("known",)}, packages={"p": ("/", "x")}
    )
    assert isinstance(facts.units[UNIT], Seen), facts.units
    assert isinstance(facts.paths["/etc"], Seen), facts.paths
    assert facts.outputs["v"] == Seen("version 1.2")
    assert not isinstance(facts.packages["p"], Seen)


def test_a_package_that_ls_does_not_list(
    look: Look, shims: Callable[[str, str], None], tmp_path: pathlib.Path
) -> None:
    """A list without the folder itself is no list."""
    (tmp_path / "env/lib/python3.11/site-packages/polars-1.12.0.dist-info").mkdir(parents=True)
    asked = {"p": (str(tmp_path / "env"), "polars")}
    assert look(packages=asked).packages["p"] == Seen("1.12.0")
    shims("ls", SILENT)
    assert isinstance(look(packages=asked).packages["p"], CannotTell)


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        *(pytest.param(tool, FLOOD, id=f"{tool}-floods") for tool in EVERY),
        *(pytest.param(tool, HANG, id=f"{tool}-hangs") for tool in ("date", "find", "ls")),
    ],
)
def test_no_tool_spoils_what_others_tell(
    look: Look,
    shims: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
    text: str,
) -> None:
    """Whichever of them has no end, what the others say is seen."""
    monkeypatch.setattr(script, "TOOL_S", 1)
    shims("systemctl", shown())
    shims("known", "#!/bin/sh\necho version 1.2\n")
    shims(tool, text)
    facts = look(
        units=(UNIT,), outputs={"v": ("known",)}, tools=("sh",), packages={"p": ("/", "x")}
    )
    assert isinstance(facts.units[UNIT], Seen), facts.units
    assert facts.outputs["v"] == Seen("version 1.2")
    assert isinstance(facts.tools["sh"], Seen)
    assert facts.identity.hostname == os.uname().nodename


@pytest.mark.parametrize("tool", ["ss", "journalctl", "systemctl", "stat", "known"])
@pytest.mark.parametrize("to", ["", " >&2"], ids=["output", "complaints"])
def test_a_tool_without_end(
    look: Look, shims: Callable[[str, str], None], tool: str, to: str
) -> None:
    """It is cut, spoils its own answers, and neither takes memory nor time for long."""
    for name in ("systemctl", "journalctl"):
        shims(name, shown())
    shims("known", "#!/bin/sh\necho version 1.2\n")
    shims("other", "#!/bin/sh\necho version 3.4\n")
    shims(tool, FLOOD.rstrip() + to + "\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    facts = look(
        units=(UNIT,), paths=("/etc",), outputs={"v": ("known",), "w": ("other",)}, tools=("sh",)
    )
    assert time.monotonic() - began < 20
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < GROWN_MIB * 1024, f"{grown / 1024:.0f} MiB"
    assert facts.outputs["w"] == Seen("version 3.4")
    assert isinstance(facts.tools["sh"], Seen)
    unit = facts.units[UNIT]
    if tool == "journalctl":
        assert isinstance(unit, Seen), unit
    spoilt = {
        "ss": facts.listeners,
        "journalctl": unit.value.journal if isinstance(unit, Seen) else unit,
        "systemctl": facts.units[UNIT],
        "stat": facts.paths["/etc"],
        "known": facts.outputs["v"],
    }[tool]
    assert isinstance(spoilt, CannotTell), spoilt


WHOLE_MIB = 300
"""What one look may take in all, whatever a host answers."""
MEASURED = """
import json, resource, sys
from gate.connection.carrier import open_carrier
from gate.sources.host import look
from gate.sources.host.facts import HostQuestions
from tests.selftest.hosts import target

here = target("local://").model_copy(update={"path": (sys.argv[1],)})
asked = HostQuestions(
    window_s=0.05, units=("desk.service",), paths=("/etc",), tools=("sh",),
    outputs={f"o{n}": ("known",) for n in range(4)}, packages={"p": ("/env", "x")},
)
with open_carrier(here) as carrier:
    found = look.look(here, asked, carrier)
told = found.value.model_dump_json()
# Not RUSAGE_SELF: that begins with what the test's own process took when it forked.
status = open("/proc/self/status").read()
own = int(status.partition("VmHWM:")[2].split()[0])
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([type(found).__name__, own, children]))
"""
NUMBERS = "#!/bin/sh\nexec yes '7 (x) S 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 7 0 0'\n"
TOOLS = ("ss", "journalctl", "systemctl", "stat", "known", "find", "realpath", "ls", "grep", "sed")


@pytest.mark.parametrize(
    "flood", [FLOOD, NUMBERS, "#!/bin/sh\nexec cat /dev/zero\n"], ids=["lines", "stats", "zeros"]
)
def test_memory_of_the_whole_look(
    shims: Callable[[str, str], None], tmp_path: pathlib.Path, flood: str
) -> None:
    """The gate and the largest program that it starts, while tools have no end."""
    for tool in TOOLS:
        shims(tool, flood)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", MEASURED, str(tmp_path / "bin")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    kind, own, children = json.loads(done.stdout)
    assert kind == "Seen"
    assert own + children < WHOLE_MIB * 1024, f"{own / 1024:.0f} + {children / 1024:.0f} MiB"


def test_an_answer_that_is_larger_than_it_may_be(here: Target) -> None:
    """It is left there and then, the reason says so, and nothing of it runs on."""
    small = here.model_copy(
        update={"deadlines": here.deadlines.model_copy(update={"answer_mib": 1})}
    )
    began = time.monotonic()
    with (
        open_carrier(small) as carrier,
        pytest.raises(CarrierError, match=r"it answered more than 1 MiB"),
    ):
        carrier.run("exec yes gate-flood-without-end", deadline_s=20)
    assert time.monotonic() - began < 10


def test_what_came_before_the_cut_is_told(
    here: Target, shims: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was whole by then is seen; the rest says that it was cut."""
    small = here.model_copy(
        update={"deadlines": here.deadlines.model_copy(update={"answer_mib": 1})}
    )
    monkeypatch.setattr(script, "SHARE", 1)
    for number in range(4):
        shims(f"t{number}", "#!/bin/sh\nhead -c 500000 /dev/zero | tr '\\0' x\n")
    outputs = {f"o{number}": (f"t{number}",) for number in range(4)}
    with open_carrier(small) as carrier:
        facts = host.look(small, HostQuestions(outputs=outputs, tools=("sh",)), carrier)
    assert isinstance(facts, Seen), facts
    assert isinstance(facts.value.outputs["o0"], Seen)
    last = facts.value.outputs["o3"]
    assert isinstance(last, CannotTell)
    assert "answered more than 1 MiB" in last.reason


def test_a_missing_program_on_a_path_with_closed_folders(tmp_path: pathlib.Path) -> None:
    """It is missing all the same, as the shell says; nobody may be told that it is forbidden."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "file").touch()
    here = target("local://").model_copy(update={"path": (str(closed / "file"), str(closed))})
    closed.chmod(0)
    try:
        with open_carrier(here) as carrier:
            facts = host.look(
                here,
                HostQuestions(outputs={"v": ("no-such-program", "-v")}, tools=("nope",)),
                carrier,
            )
    finally:
        closed.chmod(0o700)
    assert isinstance(facts, Seen), facts
    assert isinstance(facts.value.outputs["v"], Absent), facts.value.outputs
    assert isinstance(facts.value.tools["nope"], Absent)


@pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None, reason="takes rights to give them up"
)
def test_a_missing_program_as_an_ordinary_user(tmp_path: pathlib.Path) -> None:
    """It is missing all the same where a folder on the PATH may not be entered."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    here = target("local://").model_copy(update={"path": (str(closed),)})
    asked = HostQuestions(outputs={"v": ("no-such-program",)}, tools=("nope", "sh"))
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh"]
    done = subprocess.run(  # noqa: S603
        words,
        input=script.compose(here, asked, "section-x").encode(),
        cwd="/",
        capture_output=True,
        check=True,
        timeout=60,
    )
    answers = script.sections(done.stdout, "section-x", script.most(here))
    output = Output(rc=0, stdout=done.stdout, stderr=b"", privileges="user")
    facts = host._facts(here, asked, answers, output, "section-x")  # noqa: SLF001 - without a carrier
    assert facts.identity.user != "root"
    assert isinstance(facts.outputs["v"], Absent), facts.outputs
    assert isinstance(facts.tools["nope"], Absent)
    assert isinstance(facts.tools["sh"], Seen)


def test_a_program_that_ends_as_if_it_were_missing(
    look: Look, shims: Callable[[str, str], None]
) -> None:
    """Exit status 127 of a program that is there does not prove that it is not."""
    shims("broken", "#!/bin/sh\nno-such-helper --version\n")
    told = look(outputs={"v": ("broken",)}).outputs["v"]
    assert isinstance(told, CannotTell), told
