"""``gate verify``: evidence of a run is good while everything is as it was, and else it is not."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from gate.__main__ import main
from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
[deadlines]
window_s = 0.05
"""
SIGNED = '[evidence]\nkey = "key"\npassphrase_env = "KEY_WORD"\n'
WORD = "correct horse battery staple"
CONTRACT = """
[about]
system = "A self-test"

[path.kept]
title = "The folder is there"
source = "a self-test"
path = "{file}"
purpose = "to be seen"
mode = "0750"
"""
Verify = Callable[..., int]


def place(folder: pathlib.Path, target: str = TARGET) -> pathlib.Path:
    """A target and a contract that holds on this machine."""
    (folder / "contract").mkdir(parents=True)
    (folder / "kept").mkdir()
    (folder / "kept").chmod(0o750)
    text = CONTRACT.format(file=folder / "kept")
    (folder / "contract" / "paths.toml").write_text(text, "utf-8")
    (folder / "here.toml").write_text(target, "utf-8")
    return folder


def keygen(file: pathlib.Path, word: str = "") -> None:
    """A key of OpenSSH's, and ``.pub`` beside it."""
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-a", "1", "-N", word, "-C", "a test", "-f"]
    subprocess.run([*words, str(file)], check=True, timeout=20)  # noqa: S603


def check(folder: pathlib.Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Account for predeploy."""
    words = [sys.executable, "-m", "gate", "check", "predeploy", f"--target={folder}/here.toml"]
    words += [f"--contract={folder}/contract", f"--reports={folder}/reports", *options]
    return runs.run_in(runs.ROOT, words, **more)


def newest(folder: pathlib.Path) -> pathlib.Path:
    """The folder of its last run."""
    return (folder / "reports" / "here" / "latest").resolve()


@pytest.fixture(scope="module")
def signed_once(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A run whose evidence is signed."""
    folder = place(tmp_path_factory.mktemp("signed"), TARGET + SIGNED)
    keygen(folder / "key", WORD)
    keygen(folder / "other")
    done = check(folder, KEY_WORD=WORD)
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout + done.stderr
    assert WORD not in told
    secret = (folder / "key").read_text("utf-8").splitlines()[2]
    for file in newest(folder).rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert WORD.encode() not in content, file
        assert secret.encode() not in content, file
    return folder


@pytest.fixture
def signed(signed_once: pathlib.Path) -> pathlib.Path:
    """The same; what a test breaks is a copy of the run."""
    copy = signed_once / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(newest(signed_once), copy)
    return signed_once


@pytest.fixture(scope="module")
def unsigned_once(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A run of a target that names no key."""
    folder = place(tmp_path_factory.mktemp("unsigned"))
    assert check(folder).returncode == 0
    return folder


@pytest.fixture
def unsigned(unsigned_once: pathlib.Path) -> pathlib.Path:
    """The same, with a copy."""
    copy = unsigned_once / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(newest(unsigned_once), copy)
    return unsigned_once


def verify(folder: pathlib.Path, *options: str, file: str = "copy") -> int:
    """Verify a run in this process."""
    words = ["verify", str(folder / file)]
    if not any(one.startswith("--target") for one in options):
        words.append(f"--target={folder}/here.toml")
    if not any(one.startswith("--contract") for one in options):
        words.append(f"--contract={folder}/contract")
    return main([*words, *options])


def flipped(file: pathlib.Path, number: int) -> bytes:
    """Change one byte of a file; returns what it held."""
    content = file.read_bytes()
    changed = bytearray(content)
    changed[number] ^= 1
    file.write_bytes(bytes(changed))
    return content


def test_good_evidence(signed: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is good by any file of the run, with the key and with its folder."""
    assert verify(signed, f"--key={signed}/key.pub") == 0
    assert "good: PROMOTE of predeploy on here, signed by" in capsys.readouterr().out
    for name in ("attestation.intoto.json", "verdict.json", "evidence.intoto.jsonl"):
        assert verify(signed, file=f"copy/{name}") == 0


@pytest.mark.parametrize("which", ["signed", "unsigned"])
def test_one_byte_of_any_file(
    which: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever file it is in, and wherever in the evidence itself."""
    folder: pathlib.Path = request.getfixturevalue(which)
    files = [one for one in sorted((folder / "copy").rglob("*")) if one.is_file()]
    assert len(files) > 10
    accepted = []
    for file in files:
        size = file.stat().st_size
        many = range(0, size, 97) if file.name.startswith("evidence") else [0, size // 2, size - 1]
        for number in many if size else []:
            content = flipped(file, number)
            if verify(folder) != 1:
                accepted.append((file.name, number))
            file.write_bytes(content)
    assert accepted == []
    capsys.readouterr()
    assert verify(folder) == 0


def test_a_file_that_is_gone_and_one_that_came(
    signed: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is gone is refused; what came later is told, and attested to by nobody."""
    (signed / "copy" / "later.txt").write_text("x", "utf-8")
    assert verify(signed) == 0
    assert "later.txt came later" in capsys.readouterr().out
    (signed / "copy" / "junit.xml").unlink()
    assert verify(signed) == 1
    assert "junit.xml: is gone" in capsys.readouterr().out
    (signed / "copy" / "evidence.intoto.jsonl").unlink()
    assert verify(signed) == 1
    assert "there is no evidence.intoto.jsonl" in capsys.readouterr().out


def test_a_key_that_is_demanded(
    signed: pathlib.Path, unsigned: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another key, and no signature, are refused; a file that holds none is a mistake."""
    assert verify(signed, f"--key={signed}/other.pub") == 1
    assert "not signed by a key that is trusted" in capsys.readouterr().out
    assert verify(unsigned, f"--key={signed}/key.pub") == 1
    assert "is not signed, and a key is demanded" in capsys.readouterr().out
    for wrong in ("key", "here.toml", "nothing"):
        assert verify(signed, f"--key={signed}/{wrong}") == 4


def test_signed_anew_by_somebody_else(
    signed: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a demanded key anybody's signature is taken, and told to be anybody's."""
    lines = (newest(signed) / "evidence.intoto.jsonl").read_bytes().splitlines()
    bare = b"".join(json.dumps(json.loads(one)).encode() + b"\n" for one in lines)
    (signed / "copy" / "evidence.intoto.jsonl").write_bytes(bare)
    assert verify(signed) == 1, "it is not as the gate writes it"
    capsys.readouterr()
    shutil.copy(newest(signed) / "evidence.intoto.jsonl", signed / "copy")
    assert verify(signed) == 0
    assert "signed by a key that nobody named" in capsys.readouterr().out


def test_another_target_or_contract(
    signed: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Evidence is about one target, as it was declared, and by one contract."""
    (signed / "there.toml").write_text(TARGET, "utf-8")
    assert verify(signed, f"--target={signed}/there.toml") == 1
    assert "about another target: here, not there" in capsys.readouterr().out
    moved = signed / "moved"
    moved.mkdir(exist_ok=True)
    text = TARGET.replace("[deadlines]", 'prefix = "/elsewhere"\n[deadlines]')
    (moved / "here.toml").write_text(text, "utf-8")
    assert verify(signed, f"--target={moved}/here.toml") == 1
    assert "of another target: prefix was ''" in capsys.readouterr().out
    other = place(signed / "other place") if not (signed / "other place").exists() else None
    del other
    assert verify(signed, f"--contract={signed}/other place/contract") == 1
    assert "by another contract" in capsys.readouterr().out
    assert verify(signed, "--target=nothing") == 4
    assert verify(signed, file="nothing") == 4


def test_a_target_that_moved(signed: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What holds no longer, or is another state than it was, is refused; nothing is left."""
    before = sorted(signed.rglob("*"))
    (signed / "kept").chmod(0o700)
    assert verify(signed) == 1
    assert "path.kept: was " in capsys.readouterr().out
    (signed / "kept").chmod(0o750)
    assert verify(signed) == 0
    assert sorted(signed.rglob("*")) == before
    assert verify(signed, "--no-look") == 10


def test_a_promise_whose_state_tells_less_than_it_demands(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same exit status, and another number: broken, and where there is none, not told."""
    place(tmp_path)
    (tmp_path / "contract" / "checks.toml").write_text(
        f"""
[check.queue]
title = "Few wait"
source = "a self-test"
reads = "a file alone"
sh = "cat {tmp_path}/waiting"
number = {{ at_most = 5 }}

[check.guarded]
title = "The queue is read"
source = "a self-test"
reads = "a file alone"
sh = "test -e {tmp_path}/waiting"
""",
        "utf-8",
    )
    (tmp_path / "waiting").write_text("3\n", "utf-8")
    done = check(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for said, status, words in (
        ("4", 0, "good: PROMOTE"),
        ("9", 1, "refused: check.queue: held, and is broken now: "),
        ("no answer", 10, "cannot tell: check.queue: held, and cannot be told now: "),
        ("", 10, "cannot tell: check.queue: held, and cannot be told now: "),
        ("2", 0, "good: PROMOTE"),
    ):
        (tmp_path / "waiting").write_text(f"{said}\n", "utf-8")
        assert verify(tmp_path, file="reports/here/latest") == status, said
        told = capsys.readouterr().out
        assert words in told
        assert "check.guarded" not in told


def test_a_target_that_is_not_reached(
    unsigned: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then nobody can tell."""
    text = TARGET.replace("local://", "ssh://nobody@127.0.0.1:9")
    (unsigned / "gone").mkdir(exist_ok=True)
    (unsigned / "gone" / "here.toml").write_text(text, "utf-8")
    assert verify(unsigned, f"--target={unsigned}/gone/here.toml") == 1
    assert "host was 'local://'" in capsys.readouterr().out


def test_what_promotes_nothing(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken promise, advice, a replay, a time that is over: none of it is good evidence."""
    place(tmp_path)

    def verified() -> tuple[int, str]:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(newest(tmp_path), tmp_path / "copy")
        status = verify(tmp_path)
        return status, capsys.readouterr().out

    done = check(tmp_path, "--advise", "--release", "f" * 40)
    assert done.returncode == 0
    assert "blocks nothing and promotes nothing; nothing is against it" in done.stdout
    status, told = verified()
    assert status == 10
    assert "it is advice (--advise)" in told
    kept = newest(tmp_path) / "observed.json"
    assert check(tmp_path, f"--replay={kept}").returncode == 10
    replayed = tmp_path / "reports/here/replay"
    shutil.rmtree(tmp_path / "copy")
    shutil.copytree(replayed.resolve(), tmp_path / "copy")
    assert verify(tmp_path) == 10
    assert "the verdict is REPLAYED" in capsys.readouterr().out
    (tmp_path / "kept").chmod(0o700)
    done = check(tmp_path, "--advise")
    assert done.returncode == 0
    assert "PROMOTE" not in done.stdout
    assert "without --advise this would end with 1" in done.stdout
    document = json.loads((newest(tmp_path) / "verdict.json").read_bytes())
    words = (document["verdict"], document["exit_status"], document["advise"])
    assert words == ("BLOCKED", 1, True)
    assert verified()[0] == 10
    assert check(tmp_path).returncode == 1
    status, told = verified()
    assert status == 1
    assert "the verdict is BLOCKED (exit 1)" in told
    (tmp_path / "kept").chmod(0o750)
    with (tmp_path / "contract" / "paths.toml").open("r+", encoding="utf-8") as file:
        text = file.read().replace("[about]", "[about]\nevidence_hours = 1e-9")
        file.seek(0)
        file.write(text)
    assert check(tmp_path).returncode == 0
    status, told = verified()
    assert status == 1
    assert "it was good until" in told


def test_another_release(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Evidence for one commit is none for another."""
    place(tmp_path)
    assert check(tmp_path, GITHUB_SHA="a" * 40).returncode == 0
    shutil.copytree(newest(tmp_path), tmp_path / "copy")
    assert verify(tmp_path, f"--release={'a' * 40}") == 0
    assert verify(tmp_path, f"--release={'b' * 40}") == 1
    assert "about another commit: aaaa" in capsys.readouterr().out
    assert verify(tmp_path, "--release=no such tag") == 4
    statement = json.loads((tmp_path / "copy" / "attestation.intoto.json").read_bytes())
    release = next(one for one in statement["subject"] if one["name"] == "release commit")
    assert release["digest"] == {"gitCommit": "a" * 40}


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        ('key = "nothing"', "there is no such file"),
        ('key = "contract"', "there is no such file"),
        ('key = "here.toml"', "cannot be read as a private key with no passphrase"),
        ('key = "key"', "cannot be read as a private key with no passphrase"),
        ('key = "key"\npassphrase_env = "KEY_WORD"', "with the passphrase of KEY_WORD"),
        ('key_env = "NO_KEY"', "the variable NO_KEY is empty"),
        ('agent = "SHA256:nothing"', "ssh-agent"),
    ],
)
def test_a_key_that_cannot_be_used(tmp_path: pathlib.Path, evidence: str, why: str) -> None:
    """Verdict and exit status stay what they are, and one line says that nothing is signed."""
    place(tmp_path, f"{TARGET}[evidence]\n{evidence}\n")
    keygen(tmp_path / "key", WORD)
    done = check(tmp_path, KEY_WORD="another word", SSH_AUTH_SOCK=str(tmp_path / "no agent"))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [one for one in done.stdout.splitlines() if "EVIDENCE NOT SIGNED" in one]
    assert len(lines) == 1
    assert why in lines[0]
    assert "verdict: PROMOTE (exit 0)" in done.stdout
    assert "another word" not in done.stdout + done.stderr
    bundle = (newest(tmp_path) / "evidence.intoto.jsonl").read_bytes().splitlines()
    assert ["payload" in json.loads(one) for one in bundle] == [False] * 3


def test_pytest_gives_the_same_evidence(tmp_path: pathlib.Path) -> None:
    """With advice, too."""
    place(tmp_path)
    (tmp_path / "kept").chmod(0o700)
    done = runs.run(runs.command(tmp_path, "predeploy", "--advise"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "without --advise this would end with 1" in done.stdout
    assert "PROMOTE" not in done.stdout
    (tmp_path / "kept").chmod(0o750)
    done = runs.run(runs.command(tmp_path, "predeploy"))
    assert done.returncode == 0, done.stdout + done.stderr
    newest(tmp_path).rename(tmp_path / "copy")
    assert verify(tmp_path) == 0
