"""Whatever a host answers, every parser tells facts or raises the gate's own errors alone.

``GATE_FUZZ=20000`` sets how many examples each of them gets; ``tox -e fuzz`` does.
"""

from __future__ import annotations

import os
import pathlib
import re
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress

import hypothesis
import pytest
from hypothesis import strategies

from gate import host_spec
from gate.connection.frame import Output
from gate.errors import ContractError, GateError, TargetError
from gate.kinds.load import load_contract
from gate.sources.fact import CannotTell, Seen
from gate.sources.host import look as host
from gate.sources.host import script
from gate.sources.host.facts import HostQuestions
from gate.sources.host.section import Section
from gate.sources.migrations.chain import chain, pending
from gate.sources.observed import Observed
from gate.target import load_target
from gate.text import line, printable
from tests.selftest.hosts import target

EXAMPLES = int(os.environ.get("GATE_FUZZ", "300"))
HERE = target("local://")
TOKEN = "section-0123456789abcdef"  # noqa: S105 - begins the lines of an answer
QUESTIONS = HostQuestions(
    units=("desk.service", "gone.service"),
    paths=("/etc", "/a b", "/gone"),
    outputs={"v": ("python3", "--version")},
    packages={"p": ("/env", "polars")},
    tools=("sh", "nope"),
    folders=("/versions",),
)
UNITS = (
    "Id=desk.service\nNames=desk.service alias.service\nLoadState=loaded\nActiveState=active\n"
    "SubState=running\nMainPID=77\nType=simple\nNRestarts=0\nUnitFileState=enabled\n"
    "ExecMainStartTimestampMonotonic=9000\nActiveEnterTimestampMonotonic=9000\n"
    'ControlGroup=/system.slice/desk.service\nDropInPaths="/etc/a b.conf"\nWantedBy=x.target\n\n'
    "Id=gone.service\nNames=gone.service\nLoadState=not-found\nActiveState=inactive\n"
    "SubState=dead\n\nId=default.target\nNames=default.target\nLoadState=loaded\n"
)
STATS = "".join(f"{pid} (desk) S 1 {'0 ' * 17}100 0 0\n" for pid in (1, 77, 99))
LISTEN = (
    "LISTEN 0 128 127.0.0.1:8000 0.0.0.0:* "
    'users:(("desk",pid=77,fd=3)) uid:1000 ino:5 sk:1 cgroup:/system.slice/desk.service <->\n'
    "LISTEN 0 128 [::]:9000 [::]:* uid:0 ino:6 sk:2 v6only:1 <->\n"
)
NET = (
    "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 5 1 a\n"
    "   1: 00000000000000000000000000000000:2328 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0 0 6 1 b\n"
)
ENTRY = '{"MESSAGE":"broke","_SYSTEMD_UNIT":"desk.service","__MONOTONIC_TIMESTAMP":"9500"}\n'
SECTIONS: dict[str, tuple[str, int, str]] = {
    "identity": (
        (
            "hostname=hera\nkernel=Linux 6\nuser=navi\ninit=systemd\nticks=100\n"
            "uptime=3600.00 1.0\nclock=1700000000.5\nshell=99\nos=Debian\n"
        ),
        0,
        "",
    ),
    "show": ("", 0, ""),
    "early": (STATS, 0, ""),
    "at": ("3600.00 1.0\n", 0, ""),
    "units": (UNITS, 0, ""),
    "boot": ("default.target\n  desk.service\n", 0, ""),
    "runtime": ("", 0, ""),
    "journal": (ENTRY, 0, ""),
    "lines": (ENTRY, 0, ""),
    "logged": (ENTRY, 0, ""),
    "kernel": (NET, 0, ""),
    "listeners": (LISTEN, 0, ""),
    "kernel.2": (NET, 0, ""),
    "stat": (
        "/\0directory\0root\0root\000755\0\n/etc\0directory\0root\0root\000755\0\n",
        1,
        (
            "stat: cannot statx '/a b': Permission denied\n"
            "stat: cannot statx '/gone': No such file or directory"
        ),
    ),
    "room": ("/etc\000100\0004096\0\n", 0, ""),
    "resolved": (f"/{TOKEN}/0\0/etc\0/{TOKEN}/1\0/a b\0", 0, ""),
    "output.0": ("Python 3.10.12\n", 0, ""),
    "packages.0": ("in /env/lib\n.\n..\npolars-1.12.0.dist-info\n", 0, ""),
    "tool.0": ("/bin/sh\n", 0, ""),
    "tool.1": ("", 127, ""),
    "files.0": ("/versions/a.py\0revision = 'a'\n", 0, ""),
    "again": ("", 0, ""),
    "later": ("3601.00 1.0\n", 0, ""),
    "all": ("desk.service loaded active running Desk\n", 0, ""),
    "stats": (STATS, 0, ""),
    "cgroups": ("/proc/77/cgroup:0::/system.slice/desk.service\n/proc/99/cgroup:0::/x\n", 0, ""),
    "links": ("/proc/77\tnavi\t\0/proc/77/exe\tnavi\t/bin/desk\0/proc/77/cwd\tnavi\t/\0", 0, ""),
    "commands": ("/proc/77/cmdline:desk\0/proc/77/cmdline:--run\0", 0, ""),
    "verify": ("", 0, "/etc/systemd/system/desk.service:7: Unknown key, ignoring.\n"),
}
WHOLE = (
    b"".join(
        f"\n{TOKEN} out {name}\n{out}\n{TOKEN} rc {name} {rc}\n{err}\n".encode()
        for name, (out, rc, err) in SECTIONS.items()
    )
    + f"\n{TOKEN} done\n".encode()
)
ODD = (
    b"\0",
    b"\n",
    b"\xff\xfe",
    b"\x1b[31m",
    b"9" * 5000,
    b"[" * 3000,
    b"=" * 300,
    b"\xed\xa0\x80",
)
LONG = (b"1 (\n", b"//::@", b"x" * 64, b"a\n", b"/a", b"'$'", b"\\", b"\n\n")

fuzzed = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


@strategies.composite
def spoilt(draw: strategies.DrawFn, whole: bytes) -> bytes:
    """A capture with bytes flipped, pieces doubled, swapped, cut, or made huge."""
    found = bytearray(whole)
    for _ in range(draw(strategies.integers(1, 6))):
        at = draw(strategies.integers(0, max(0, len(found) - 1)))
        to = draw(strategies.integers(at, min(len(found), at + 400)))
        how = draw(strategies.sampled_from(["flip", "odd", "cut", "double", "swap", "long", "end"]))
        if how == "flip" and found:
            found[at] ^= 1 << draw(strategies.integers(0, 7))
        elif how == "odd":
            found[at:at] = draw(strategies.sampled_from(ODD))
        elif how == "cut":
            del found[at:to]
        elif how == "double":
            found[to:to] = found[at:to]
        elif how == "swap":
            piece = found[at:to]
            del found[at:to]
            where = draw(strategies.integers(0, len(found)))
            found[where:where] = piece
        elif how == "long":
            found[at:at] = draw(strategies.sampled_from(LONG)) * draw(strategies.integers(1, 2000))
        else:
            del found[to:]
    return bytes(found)


def _told(answer: bytes) -> object:
    answers = script.sections(answer, TOKEN, script.most(HERE))
    output = Output(rc=0, stdout=answer, stderr=b"", privileges="root")
    return host._facts(HERE, QUESTIONS, answers, output, TOKEN)  # noqa: SLF001 - without a carrier


def test_the_capture_is_one() -> None:
    """What is spoilt below is seen as it stands."""
    facts = host._facts(  # noqa: SLF001 - without a carrier
        HERE,
        QUESTIONS,
        script.sections(WHOLE, TOKEN, script.most(HERE)),
        Output(rc=0, stdout=WHOLE, stderr=b"", privileges="root"),
        TOKEN,
    )
    assert isinstance(facts.units["desk.service"], Seen), facts.units
    assert isinstance(facts.units["desk.service"].value.journal, Seen)
    assert isinstance(facts.listeners, Seen), facts.listeners
    assert not facts.unsure_ports
    assert isinstance(facts.paths["/etc"], Seen)
    assert isinstance(facts.paths["/a b"], CannotTell)
    assert isinstance(facts.files["/versions"], CannotTell)


@fuzzed
@hypothesis.given(spoilt(WHOLE))
def test_an_answer_of_a_host(answer: bytes) -> None:
    """It is taken apart, or it is not whole."""
    try:
        _told(answer)
    except ValueError as error:
        assert re.search("not whole|uptime|date", str(error)), error  # noqa: PT017 - one of few


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_of_a_host(name: str) -> None:
    """One spoilt section leaves the others as they are, and never a traceback."""
    out, rc, err = SECTIONS[name]

    @hypothesis.settings(fuzzed, max_examples=max(30, EXAMPLES // 10))
    @hypothesis.given(
        spoilt(out.encode()), spoilt(err.encode()), strategies.sampled_from((0, 1, rc))
    )
    def one(odd: bytes, said: bytes, status: int) -> None:
        answers = script.sections(WHOLE, TOKEN, script.most(HERE))
        complaint = said.decode("utf-8", "backslashreplace")
        answers[name] = Section(odd, status, complaint)
        output = Output(rc=0, stdout=b"", stderr=b"", privileges="root")
        try:
            facts = host._facts(HERE, QUESTIONS, answers, output, TOKEN)  # noqa: SLF001
        except ValueError:
            assert name == "identity"
            return
        if name != "output.0":
            assert facts.outputs["v"] == Seen("Python 3.10.12")
        if not name.startswith("tool"):
            assert isinstance(facts.tools["sh"], Seen)

    one()


REVISION = b'"""x"""\nrevision = "b"\ndown_revision = ("a", "c")\nbranch_labels = None\n'


@fuzzed
@hypothesis.given(spoilt(REVISION), spoilt(REVISION))
def test_revision_files(one: bytes, other: bytes) -> None:
    """A file that is none is a problem of the chain."""
    texts = {"a.py": one, "b.py": other}
    found = chain("/versions", {n: t.decode("utf-8", "backslashreplace") for n, t in texts.items()})
    pending(found, ("a",))


@fuzzed
@hypothesis.given(spoilt(b"ssh://navi@hera.example.org:22?ssh_config=x"))
def test_host_specs(text: bytes) -> None:
    """A spec is taken or refused."""
    try:
        host_spec.check(text.decode("utf-8", "backslashreplace"))
    except ValueError as error:
        assert str(error)  # noqa: PT017 - any reason


def _parsers() -> dict[str, tuple[bytes, Callable[[str], object]]]:
    return {
        "text": (b"\x1b[31m red \x1b]0;title\x07 plain\r\n", lambda text: line(printable(text))),
    }


@pytest.mark.parametrize("name", _parsers())
def test_texts(name: str) -> None:
    """Text of any kind is made fit to be read, in time."""
    whole, read = _parsers()[name]

    @fuzzed
    @hypothesis.given(spoilt(whole))
    def one(text: bytes) -> None:
        read(text.decode("utf-8", "surrogateescape"))

    one()


OBSERVED = b'{"target": "x", "moment": "predeploy", "host": {"fact": "absent", "proof": "x"}}'


@fuzzed
@hypothesis.given(spoilt(OBSERVED))
def test_observed(text: bytes) -> None:
    """A look that was kept is read, or refused as what it is not."""
    try:
        Observed.model_validate_json(text)
    except (ValueError, GateError) as error:
        assert str(error)  # noqa: PT017 - any reason


@pytest.mark.parametrize("piece", LONG)
def test_no_reader_takes_the_square_of_a_length(piece: bytes) -> None:
    """A section of 200 kB of anything is read in a second."""
    flood = piece * (200_000 // len(piece))
    for name in SECTIONS:
        answers = script.sections(WHOLE, TOKEN, script.most(HERE))
        answers[name] = Section(flood, 0, flood.decode())
        began = time.process_time()  # whatever else the machine does
        output = Output(rc=0, stdout=b"", stderr=b"", privileges="root")
        try:
            host._facts(HERE, QUESTIONS, answers, output, TOKEN)  # noqa: SLF001
        except ValueError:
            assert name == "identity"
        assert time.process_time() - began < 5, name


TARGET = (
    b'title = "Hera"\nhost = "ssh://navi@hera"\n[api]\nbase = "http://127.0.0.1:8000"\n'
    b'[database]\nservice = "desk"\n[deadlines]\nhost_s = 20\n'
)
CONTRACT = (
    b'[port.api]\ntitle = "The API listens"\nsource = "snapshot"\nport = 8000\n'
    b'service = "API"\nreach = "any"\nbefore = { processes = 4 }\n'
)


@fuzzed
@hypothesis.given(spoilt(TARGET))
def test_target_files(text: bytes) -> None:
    """A target is taken, or it is the target that is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "hera.toml")
        file.write_bytes(text)
        with suppress(TargetError):
            load_target(str(file), file.parent)


@fuzzed
@hypothesis.given(spoilt(CONTRACT))
def test_contract_files(text: bytes) -> None:
    """A contract is taken, or it is the contract that is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "ports.toml").write_bytes(text)
        with suppress(ContractError):
            load_contract(pathlib.Path(folder))
