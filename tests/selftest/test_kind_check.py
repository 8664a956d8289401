"""Checks: commands of this host that only read, as whom, within a time."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shlex
import signal

import pytest

from gate.errors import ContractError
from gate.secrets import known
from gate.sources.host.checks import command
from tests.selftest.promised import CANNOT, all_of, check, contract, judge, lying, scene, told

READS = 'reads = "it prints"\n'


def sh(text: str, more: str = "") -> str:
    """The keys of a check of one line of shell."""
    return f"{READS}sh = '''{text}'''\n{more}"


def test_status_and_output(tmp_path: pathlib.Path) -> None:
    """Exit status, patterns, one number, a JSON by schema and by bounds."""
    document = """echo '{"queue": [{"length": 7}], "up": true}'"""
    schema = 'json = { type = "object", required = ["up"] }\n'
    items = {
        "check.list": f'{READS}command = ["echo", "it\'s fine"]\nmatches = ["^it.s fine$"]',
        "check.status": sh("exit 3", "status = 3"),
        "check.other": sh("echo broken: line 7 >&2; exit 1"),
        "check.above": sh("echo unknown directive in line 4; echo; echo the test failed; exit 1"),
        "check.like": sh("echo ok", 'matches = ["^okay"]'),
        "check.unlike": sh("echo 3 errors", 'matches_not = ["error"]'),
        "check.number": sh("echo 7", "number = { at_least = 7, at_most = 7 }"),
        "check.more": sh("echo 8", "number = { at_most = 7 }"),
        "check.words": sh("echo seven", "number = { at_most = 7 }"),
        "check.silent": sh("true", "number = { at_least = 0 }"),
        "check.json": sh(
            document, schema + '[check.json.numbers]\n"queue.0.length" = {at_most = 7}'
        ),
        "check.bound": sh(document, '[check.bound.numbers]\n"queue.0.length" = { at_most = 6 }'),
        "check.path": sh(document, '[check.path.numbers]\n"queue.1.length" = { at_most = 6 }'),
        "check.schema": sh("echo '{}'", schema),
        "check.no-json": sh("echo '{'", schema),
        "check.missing": sh("no-such-program --version"),
        "check.hangs": sh("sleep 20", "within_s = 0.5"),
        "check.floods": sh("yes", "within_s = 1"),
        "check.reads": sh("cat; echo end", 'matches = ["^end$"]'),
        "check.forges": sh("printf '\\ngate-check-ended 0\\n'; exit 5"),
    }
    check(
        judge(tmp_path, items),
        {
            **all_of(("check.list", "check.status", "check.number", "check.json"), ""),
            "check.reads": "",
            "check.other": "exit status 1: broken: line 7",
            "check.above": "exit status 1: unknown directive in line 4 / the test failed",
            "check.like": "nothing like",
            "check.unlike": "something like",
            "check.more": "it is 8",
            "check.bound": "queue.0.length: it is 7",
            "check.path": "there is no queue.1.length",
            "check.schema": "required",
            "check.forges": "exit status 5",
            **all_of(("check.words", "check.silent", "check.no-json", "check.missing"), CANNOT),
            **all_of(("check.hangs", "check.floods"), CANNOT),
        },
    )


@pytest.mark.parametrize(
    ("shell", "plain"),
    [
        ("cat /etc/hostname", True),
        ("/usr/bin/env -i 'a b' '$x'", True),
        ("sh -c 'exit 3'", True),
        ("exit 3", False),
        ("cd /", False),
        ("if true", False),
        ("A=1 env", False),
        ("echo $HOME", False),
        ("echo a; echo b", False),
        ("'a b' c", False),
        ("echo 'a", False),
        ("", False),
    ],
)
def test_what_needs_a_shell_of_its_own(shell: str, plain: bool) -> None:  # noqa: FBT001
    """All but a program with its arguments, as a shell has them after taking words apart."""
    words = command((shell, "", 5.0), "watched")
    inner = shell if plain else f"sh -c {shlex.quote(shell)}"
    assert f"timeout -k 1 5 watched {inner} </dev/null" in words


LEAVES = """\
{way} sh -c 'echo $$ >"$1"; exec sleep 300' sh "{file}" &
until [ -s "{file}" ]; do :; done
"""


def test_what_a_check_leaves_behind(tmp_path: pathlib.Path) -> None:
    """It is ended with the check; one that gets away and holds the output spoils no other one."""
    files = {way: tmp_path / f"left-{way}" for way in ("nice", "setsid")}
    items = {"check.other": sh("echo fine", 'matches = ["fine"]')}
    for way, file in files.items():
        script = tmp_path / way
        script.write_text(LEAVES.format(way=way, file=file), "utf-8")
        items[f"check.{way}"] = f'{READS}command = ["sh", "{script}"]\nwithin_s = 1'
    try:
        expected = {"check.nice": "", "check.setsid": "", "check.other": ""}
        check(judge(tmp_path, items), expected)
        left = pathlib.Path(f"/proc/{files['nice'].read_text('utf-8').strip()}/cmdline")
        assert not left.exists() or not left.read_bytes()  # gone, or nobody has asked yet how
    finally:
        for file in files.values():
            with contextlib.suppress(ProcessLookupError, ValueError, OSError):
                os.kill(int(file.read_text("utf-8")), signal.SIGKILL)


def test_as_whom(tmp_path: pathlib.Path) -> None:
    """As another user, where that can be had; who is not there runs nothing."""
    if os.geteuid() != 0:
        pytest.skip("another user needs root")
    items = {
        "check.nobody": sh("id -un", 'user = "nobody"\nmatches = ["^nobody$"]'),
        "check.root": sh("id -un", 'user = "root"\nmatches = ["^root$"]'),
        "check.denied": sh("cat /etc/shadow", 'user = "nobody"'),
        "check.who": sh("id -un", 'user = "nosuchuser"'),
    }
    said = judge(tmp_path, items)
    check(said, {"check.nobody": "", "check.root": "", "check.who": CANNOT})
    assert "Permission denied" in said["check.denied"]
    silent = judge(tmp_path, items, lying(tmp_path, runuser="exit 0"))
    check(silent, {"check.nobody": CANNOT, "check.denied": CANNOT})


def test_secrets_stay(tmp_path: pathlib.Path) -> None:
    """What is known to be secret is taken out where the output is read."""
    secret = "Gehe1m-und-noch-mehr"  # noqa: S105 - a self-test's
    known.begin([secret])
    try:
        seen = scene(tmp_path, {"check.leaks": sh(f"echo {secret[:4]}''{secret[4:]}")})
    finally:
        known.begin([])
    assert secret not in seen.observed.model_dump_json()
    assert told(seen) == {"check.leaks": ""}


def test_mistakes(tmp_path: pathlib.Path) -> None:
    """No reason why it only reads, no schema, no pattern, bounds without a bound."""
    for keys, words in (
        ('command = ["true"]', "reads"),
        (READS, "exactly one of command, sh"),
        (sh("true", "matches = ['(']"), "no regular expression"),
        (sh("true", "number = {}"), "needs at_least or at_most"),
        (sh("true", "json = { type = 7 }"), "no JSON Schema"),
        (sh("true", "within_s = 100"), "within_s"),
        (sh("true", 'before = "absent"'), "absent"),
    ):
        with pytest.raises(ContractError, match=words):
            contract(tmp_path, {"check.x": keys})
