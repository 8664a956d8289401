"""Whose key signs, and what in-toto's own library makes of the statements."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import pathlib
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement

from gate.errors import GateError
from gate.evidence import release, statements
from gate.evidence.envelope import sealed, wrong
from gate.evidence.keys import signing, trusted
from gate.secrets import known
from gate.signing_key import Evidence
from gate.target import Target, load_target

WORD = "correct horse battery staple"
NOW = dt.datetime(2026, 2, 13, 15, 30, tzinfo=dt.timezone.utc)
PAYLOAD = b'{"_type":"x"}'
PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
OPENSSH = serialization.PrivateFormat.OpenSSH


def target(folder: pathlib.Path, **evidence: str) -> Target:
    """A target that names a key."""
    (folder / "here.toml").write_text('title = "x"\nhost = "local://"\n', "utf-8")
    found = load_target(str(folder / "here.toml"), folder)
    return found.model_copy(update={"evidence": Evidence(**evidence)})


def written(private: Any, form: Any = PKCS8, word: str = "") -> str:
    """A private key as text."""
    hidden = serialization.BestAvailableEncryption(word.encode()) if word else None
    text: bytes = private.private_bytes(PEM, form, hidden or serialization.NoEncryption())
    return text.decode()


def public(private: Any, file: pathlib.Path) -> pathlib.Path:
    """Its public half as a file."""
    content = private.public_key().public_bytes(
        PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    file.write_bytes(content)
    return file


def certificate(private: Any, until: dt.datetime) -> bytes:
    """A certificate that it gave itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the gate of a self-test")])
    builder = x509.CertificateBuilder(name, name, private.public_key(), 7)
    builder = builder.not_valid_before(NOW - dt.timedelta(days=1)).not_valid_after(until)
    algorithm = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(private, algorithm).public_bytes(PEM)


def line(folder: pathlib.Path, environ: dict[str, str], **evidence: str) -> dict[str, Any]:
    """An envelope, signed as a target says."""
    named = target(folder, **evidence).evidence
    assert named is not None
    key = signing(named, folder, environ)
    found: dict[str, Any] = json.loads(sealed(PAYLOAD, key))
    assert base64.b64decode(found["payload"]) == PAYLOAD
    return found


@pytest.mark.parametrize("form", [PKCS8, OPENSSH], ids=["pem", "openssh"])
@pytest.mark.parametrize("word", ["", WORD], ids=["bare", "passphrase"])
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
@pytest.mark.parametrize("way", ["key", "key_env"])
def test_a_private_key(tmp_path: pathlib.Path, form: Any, word: str, kind: str, way: str) -> None:
    """Of a file or a variable, in either form; its passphrase and its lines are secret then."""
    private: Any = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else ec.generate_private_key(ec.SECP256R1())
    )
    text = written(private, form, word)
    (tmp_path / "signer").write_text(text, "utf-8")
    environ = {"KEY_WORD": word, "THE_KEY": text}
    named = {"key": "signer"} if way == "key" else {"key_env": "THE_KEY"}
    known.begin([])
    found = line(tmp_path, environ, **named, **({"passphrase_env": "KEY_WORD"} if word else {}))
    trust = trusted(public(private, tmp_path / "public.pem"), NOW)
    assert wrong(found, PAYLOAD, trust) == ""
    assert "payload" in found
    assert wrong(found, b'{"_type":"y"}', trust) == (
        "holds another statement than the files of the run make"
    )
    for secret in (word, text.splitlines()[1]):
        assert not secret or secret not in known.clean(f"it says {secret} here")


def test_a_certificate(tmp_path: pathlib.Path) -> None:
    """It goes with the signature; whoever trusts it trusts its key while it was good."""
    private = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "signer").write_text(written(private), "utf-8")
    (tmp_path / "cert.pem").write_bytes(certificate(private, NOW + dt.timedelta(days=9)))
    found = line(tmp_path, {}, key="signer", certificate="cert.pem")
    assert found["signatures"][0]["cert"] == (tmp_path / "cert.pem").read_text("utf-8")
    assert wrong(found, PAYLOAD, trusted(tmp_path / "cert.pem", NOW)) == ""
    with pytest.raises(GateError, match="was not good at"):
        trusted(tmp_path / "cert.pem", NOW + dt.timedelta(days=10))
    other = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "cert.pem").write_bytes(certificate(other, NOW + dt.timedelta(days=9)))
    with pytest.raises(GateError, match="certificate of another key"):
        line(tmp_path, {}, key="signer", certificate="cert.pem")
    (tmp_path / "cert.pem").write_text("x", "utf-8")
    with pytest.raises(GateError, match="no certificate in PEM"):
        line(tmp_path, {}, key="signer", certificate="cert.pem")


@pytest.fixture
def agent(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """An ssh-agent of our own, and a folder with the public half of its key."""
    words = ["ssh-agent", "-D", "-a", str(tmp_path / "socket")]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        process.stdout.readline()  # it listens before it says where
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "socket"))
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "the gate", "-f"]
        subprocess.run([*keygen, str(tmp_path / "id")], check=True, timeout=20)  # noqa: S603
        add = ["ssh-add", "-q", str(tmp_path / "id")]
        subprocess.run(add, check=True, timeout=20)  # noqa: S603
        yield tmp_path
        process.terminate()


def test_ssh_agent(agent: pathlib.Path) -> None:
    """It signs, by the comment or the fingerprint of its key, which never leaves it."""
    told = subprocess.run(["ssh-add", "-l"], capture_output=True, check=True, timeout=20)  # noqa: S607
    fingerprint = told.stdout.decode().split()[1]
    for named in ("the gate", fingerprint):
        found = line(agent, {}, agent=named)
        assert wrong(found, PAYLOAD, trusted(agent / "id.pub", NOW)) == ""
    with pytest.raises(GateError, match="has 0 keys called nobody"):
        line(agent, {}, agent="nobody")
    locked = ["ssh-add", "-D"]
    subprocess.run(locked, capture_output=True, check=True, timeout=20)  # noqa: S603
    with pytest.raises(GateError, match="it has none"):
        line(agent, {}, agent="the gate")


@pytest.mark.parametrize(
    "answer", [b"", b"\0\0\0\1\x05", b"\xff\xff\xff\xff", b"\0\0\0\5\x0c\0\0\0\7"]
)
def test_an_odd_agent(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """What is no agent's answer ends at once, and is told."""
    import socket  # noqa: PLC0415 - only here
    import threading  # noqa: PLC0415

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        listening.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "socket"))

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(GateError, match="ssh-agent"):
            line(tmp_path, {}, agent="the gate")
        thread.join(10)


def document(**changes: Any) -> dict[str, Any]:
    """What ``verdict.json`` says of a promotion."""
    found: dict[str, Any] = {
        "verdict": "PROMOTE",
        "exit_status": 0,
        "advise": False,
        "replay": None,
        "target": "live",
        "moment": "predeploy",
        "started": NOW.isoformat(),
        "finished": NOW.isoformat(),
        "valid_until": (NOW + dt.timedelta(hours=24)).isoformat(),
        "release": None,
        "contract": {"sha256": "c" * 64},
        "gate": {"name": "atum-desk-gate", "version": "1"},
        "counts": {"PASS": 1},
        "not_run": [],
        "not_tried": [],
        "warnings": [],
        "items": [],
    }
    return {**found, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"advise": True},
        {"verdict": "BLOCKED", "exit_status": 1},
        {"verdict": "INCONCLUSIVE", "exit_status": 10},
        {"replay": {"file": "x"}},
    ],
)
def test_only_a_promotion_passes(changes: dict[str, Any]) -> None:
    """The summary is PASSED for it alone."""
    subject = [{"name": "x", "digest": {"sha256": "a" * 64}}]
    good, bad = (statements.summary(one, subject, {}) for one in (document(), document(**changes)))
    words = [one["predicate"]["verificationResult"] for one in (good, bad)]
    assert words == ["PASSED", "FAILED"]
    assert bad["predicate"]["verifiedLevels"] == ["FAILED"]


def test_as_in_toto_reads_them() -> None:
    """Each statement is one to in-toto's own library."""
    subject = [
        {"name": "x", "digest": {"sha256": "a" * 64}},
        {"name": "release commit", "digest": {"gitCommit": "b" * 40}},
    ]
    test_result = statements.compact(
        {
            "_type": statements.STATEMENT,
            "subject": subject,
            "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
            "predicate": {"result": "PASSED", "configuration": []},
        }
    )
    for one in statements.payloads(document(), test_result, {"verdict.json": "d" * 64}):
        read: Any = Statement([], "", {})
        json_format.Parse(one, read.pb)
        read.validate()


def test_the_release(tmp_path: pathlib.Path) -> None:
    """An option before CI's variables before git, which says when files were changed since."""
    commit = {"GITHUB_SHA": "a" * 40, "PATH": os.environ["PATH"]}
    found = release.release_of("", commit, tmp_path)
    assert found == release.Release(commit="a" * 40, tree="", said_by="GITHUB_SHA")
    assert release.release_of("", {}, tmp_path) is None
    tree = release.release_of(f"tree:{'c' * 40}", commit, tmp_path)
    assert tree == release.Release(commit="", tree="c" * 40, said_by="--release")
    for wrong_one in ("no-such-tag", "--help", "tree:x"):
        with pytest.raises(GateError, match="is no commit"):
            release.release_of(wrong_one, commit, tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    (tmp_path / "file").write_text("1", "utf-8")
    for words in (["init", "-q"], ["add", "file"], ["commit", "-qm", "x"], ["tag", "v1"]):
        subprocess.run([*git, *words], check=True, timeout=20)  # noqa: S603
    here = release.release_of("", {}, tmp_path)
    assert here is not None
    assert (here.said_by, here.changed, len(here.tree)) == ("git", False, 40)
    named = release.release_of("v1", {}, tmp_path)
    assert named is not None
    assert (named.commit, named.tree) == (here.commit, here.tree)
    (tmp_path / "file").write_text("2", "utf-8")
    changed = release.release_of("", {}, tmp_path)
    assert changed is not None
    assert changed.changed
