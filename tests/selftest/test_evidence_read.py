"""Evidence as somebody else finds it: what is none, what is of another time, another release."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import pathlib
import struct
from typing import Any

import pytest

from gate.__main__ import main
from gate.commands import schema, verify
from gate.errors import ContractError, GateError
from gate.evidence import agent, checks, seal
from gate.evidence.keys import trusted
from gate.evidence.statements import compact, payloads
from gate.report import attestation
from gate.report.verdict_json import FILE as VERDICT
from gate.run.settings import find_settings
from gate.sources.binding import AHEAD
from tests.selftest.given import DESK
from tests.selftest.test_evidence import NOW, document

STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "x", "digest": {"sha256": "a" * 64}}],
    "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
    "predicate": {"result": "PASSED"},
}


def evidence(folder: pathlib.Path, **changes: Any) -> checks.Evidence:
    """Evidence of a promotion that nobody signed."""
    told = document(**changes)
    (folder / attestation.FILE).write_bytes(compact(STATEMENT))
    lines = payloads(told, compact(STATEMENT), {})
    (folder / seal.FILE).write_bytes(b"".join(one + b"\n" for one in lines))
    bundle = tuple(json.loads(one) for one in lines)
    return checks.Evidence(folder=folder, document=told, digests={}, lines=bundle)


def texts(found: Any) -> list[str]:
    """What stands against it; what could not be told begins with a question mark."""
    return [f"{'? ' if one.untold else ''}{one.text}" for one in found]


def test_statements_that_are_left_out(tmp_path: pathlib.Path) -> None:
    """All of them are there, or none of them is worth anything."""
    whole = evidence(tmp_path)
    assert texts(checks.of_files(whole, None)) == []
    half = checks.Evidence(folder=tmp_path, document=whole.document, digests={},
                           lines=whole.lines[:2])  # fmt: skip
    assert texts(checks.of_files(half, None)) == ["it has 2 statements of 3"]


@pytest.mark.parametrize(
    ("changes", "against"),
    [
        ({}, []),
        ({"finished": (NOW + AHEAD).isoformat()}, []),
        (
            {"finished": (NOW + AHEAD + dt.timedelta(seconds=1)).isoformat()},
            ["it is of ", "which is yet to come"],
        ),
        ({"valid_until": (NOW - dt.timedelta(seconds=1)).isoformat()}, ["it was good until "]),
        ({"advise": True}, ["? it is advice (--advise): it promotes nothing"]),
        ({"verdict": "INCONCLUSIVE", "exit_status": 10}, ["? the verdict is INCONCLUSIVE"]),
        ({"verdict": "BLOCKED", "exit_status": 1}, ["the verdict is BLOCKED (exit 1)"]),
    ],
)
def test_a_verdict_of_another_time(
    tmp_path: pathlib.Path, changes: dict[str, Any], against: list[str]
) -> None:
    """One from the future is none; the clocks of two machines may differ by a little."""
    found = texts(checks.of_verdict(evidence(tmp_path, **changes), NOW))
    assert len(found) == bool(against)
    assert all(one in " ".join(found) for one in against)


OF = {"commit": "a" * 40, "tree": "c" * 40, "said_by": "git", "changed": False}


@pytest.mark.parametrize(
    ("release", "commit", "tree", "against"),
    [
        (OF, "a" * 40, "d" * 40, ""),
        (OF, "", "c" * 40, ""),
        (None, "a" * 40, "", "? it does not say which release it is about"),
        ({**OF, "changed": True}, "a" * 40, "", "files were changed since the commit"),
        (OF, "b" * 40, "c" * 40, f"it is about another commit: {'a' * 40}"),
        ({**OF, "commit": ""}, "b" * 40, "c" * 40, "it is about another commit: none"),
        (OF, "", "d" * 40, f"it is about another tree: {'c' * 40}"),
        ({**OF, "tree": ""}, "", "d" * 40, "it is about another tree: none"),
    ],
)
def test_a_release(
    tmp_path: pathlib.Path, release: Any, commit: str, tree: str, against: str
) -> None:
    """By its commit; by its tree where that alone is named."""
    found = texts(checks.of_release(evidence(tmp_path, release=release), commit, tree))
    assert len(found) == bool(against)
    assert against in " ".join(found)


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        ({"verdict": "PROMOTE"}, {}),
        ([], {}),
        ({**document(), "finished": "2026-02-13T15:30:00"}, {}),
        ({**document(), "finished": "yesterday"}, {}),
        (document(), []),
    ],
)
def test_what_is_none(tmp_path: pathlib.Path, verdict: Any, line: Any) -> None:
    """A time without a zone is no time, and a line that is no object no statement."""
    (tmp_path / VERDICT).write_text(json.dumps(verdict), "utf-8")
    (tmp_path / seal.FILE).write_text(json.dumps(line), "utf-8")
    found = checks.read(tmp_path)
    assert isinstance(found, checks.Against)
    assert found.text == "its verdict.json is none of a finished run of this gate"


def text(*words: bytes) -> bytes:
    """Texts as the agent's protocol has them."""
    return b"".join(struct.pack(">I", len(one)) + one for one in words)


@pytest.mark.parametrize(
    ("key", "signature", "says"),
    [
        (text(b"ssh-rsa", b"x"), b"", "the key desk of ssh-agent is none of ed25519"),
        (
            text(agent.KIND, b"x"),
            text(text(b"ssh-rsa", b"y")),
            "ssh-agent signed by another algorithm than ed25519",
        ),
    ],
)
def test_an_agent_of_another_algorithm(
    monkeypatch: pytest.MonkeyPatch, key: bytes, signature: bytes, says: str
) -> None:
    """Nothing is attested to by what nobody verifies."""
    answers = {agent.IDENTITIES_ANSWER: struct.pack(">I", 1) + text(key, b"desk")}
    answers[agent.SIGN_RESPONSE] = signature
    monkeypatch.setattr(agent, "_exchange", lambda _, expected: answers[expected])
    with pytest.raises(GateError, match=says):
        agent.ask("desk")[1](b"payload")


def test_no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said what is missing."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(GateError, match="SSH_AUTH_SOCK is not set"):
        agent.ask("desk")


def test_a_file_without_a_key(tmp_path: pathlib.Path) -> None:
    """Nothing that is signed would be verified by it."""
    (tmp_path / "keys").write_text("# none yet\n\n", "utf-8")
    with pytest.raises(GateError, match="holds no public key"):
        trusted(tmp_path / "keys", NOW)


def test_evidence_that_gives_itself_more_time(tmp_path: pathlib.Path) -> None:
    """The contract says how long it is good, and its own words do not."""
    (tmp_path / "contract").mkdir()
    item = '[about]\nsystem = "x"\n[path.x]\ntitle = "x"\nsource = "x"\npath = "/"\npurpose = "x"\n'
    (tmp_path / "contract" / "paths.toml").write_text(item, "utf-8")
    options = argparse.Namespace(key="", release="", contract=str(tmp_path / "contract"))
    settings = find_settings(tmp_path)
    sha = verify._contract(options, settings, DESK).sha256  # noqa: SLF001 - the same contract
    now = dt.datetime.now(dt.timezone.utc)
    for hours, against in ((24, []), (25, ["it says of itself that it is good for longer"])):
        given = {"target": DESK.name, "contract": {"sha256": sha}, "finished": now.isoformat()}
        until = (now + dt.timedelta(hours=hours)).isoformat()
        found = evidence(tmp_path, **given, valid_until=until)
        told = texts(verify._checked(found, options, settings, DESK))  # noqa: SLF001 - as `run` does
        assert [one[:44] for one in told] == [one[:44] for one in against]
    told = texts(verify._looked(evidence(tmp_path), options, settings, DESK))  # noqa: SLF001 - as above
    assert told == ["? it rests on no look: there is no observed.json"]


@pytest.mark.parametrize("command", [["verify", "x"], ["report"]])
def test_no_target(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    """Where neither the command line nor the project names one, that is a mistake."""
    monkeypatch.chdir(tmp_path)
    assert main(command) == 4
    assert "no target is named: say --target=" in capsys.readouterr().err


def test_schemas_are_written(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, of the draft that is asked for, each told; a chapter is a contract's alone."""
    asked: list[object] = []
    files = [tmp_path / "contract.json", tmp_path / "target.json"]

    def written(*words: object) -> list[pathlib.Path]:
        asked.append(words)
        return files

    monkeypatch.setattr(schema, "write_schemas", written)
    told: list[str] = []
    given = argparse.Namespace(write=str(tmp_path), of="target", chapter="paths", draft="draft-07")
    assert schema.run(given, told.append) == 0
    assert (told, asked) == ([str(one) for one in files], [(tmp_path, "draft-07")])
    given.write = None
    with pytest.raises(ContractError, match="leave it out for a target"):
        schema.run(given, told.append)
