"""Plans are carried out for real: step by step, with a journal, by one gate at a time."""

from __future__ import annotations

import json
import pathlib
import subprocess

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gate.plan.journal import Journal, Past, read_past
from gate.plan.plan_lock import KEY
from tests.selftest import runs

TARGET = """
title = "This machine"
host = "local://"
prefix = "{folder}/host"
[api]
base = "http://127.0.0.1:9"
[database]
service = "here"
[deadlines]
window_s = 0.05
"""
STEP = """
[step.{name}]
title = "It is {name}"
source = "a self-test"
phase = "{phase}"
order = {order}
run = '{run}'
expect = '{expect}'
deadline_s = 5
"""
PATHS = """
[path.deployed]
title = "The release is there after the deployment"
source = "a self-test"
path = "/srv/release"
purpose = "to be deployed"
type = "regular file"
before = "absent"
"""


class Deployment:
    """A host in a folder, a plan for it, and the gate that carries it out."""

    def __init__(self, folder: pathlib.Path, conninfo: str) -> None:
        """Make an empty host whose database is a real one."""
        self.folder = folder
        (folder / "host" / "srv").mkdir(parents=True)
        (folder / "contract").mkdir()
        (folder / "contract" / "paths.toml").write_text(PATHS, "utf-8")
        (folder / "here.toml").write_text(TARGET.format(folder=folder), "utf-8")
        settings = "".join(f"{key}={value}\n" for key, value in conninfo_to_dict(conninfo).items())
        (folder / "services").write_text(f"[here]\n{settings}", "utf-8")

    def plan(self, **steps: tuple[str, int, str, str]) -> None:
        """Write the plan: phase, order, command and expectation by name."""
        text = "".join(
            STEP.format(name=name, phase=phase, order=order, run=run, expect=expect)
            for name, (phase, order, run, expect) in steps.items()
        )
        (self.folder / "contract" / "plan.toml").write_text(text, "utf-8")

    def run(self, moment: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the gate at a moment."""
        words = runs.command(self.folder, moment, *options)
        return runs.run(words, PGSERVICEFILE=str(self.folder / "services"))

    def outcomes(self, moment: str) -> dict[str, str]:
        """Outcome by item."""
        return runs.outcomes(self.folder, moment)

    @property
    def release(self) -> pathlib.Path:
        """What the plan brings."""
        return self.folder / "host" / "srv" / "release"


@pytest.fixture
def deployment(tmp_path: pathlib.Path, database: str) -> Deployment:
    """A host with nothing deployed."""
    return Deployment(tmp_path, database)


BRING = ("deploy", 1, 'echo new > "$PREFIX/srv/release"; echo brought', "brought")
TAKE = ("rollback", 1, 'rm "$PREFIX/srv/release"', "")


def test_nothing_moves_without_apply(deployment: Deployment) -> None:
    """A real target is only looked at; what should be there afterwards is missing."""
    deployment.plan(bring=BRING, take=TAKE)
    done = deployment.run("postdeploy")
    assert done.returncode == 1, done.stdout
    assert not deployment.release.exists()
    assert deployment.outcomes("postdeploy") == {"path.deployed": "FAIL"}


def test_with_apply_it_goes_there_and_back(deployment: Deployment) -> None:
    """Each step is carried out, recorded and expected; the way back restores what was."""
    deployment.plan(bring=BRING, take=TAKE)
    done = deployment.run("postdeploy", "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WILL BE CARRIED OUT" in done.stdout
    assert deployment.release.read_text("utf-8") == "new\n"
    assert deployment.outcomes("postdeploy") == {"path.deployed": "PASS", "step.bring": "PASS"}
    folder = deployment.folder / "reports" / "here"
    events = [json.loads(line) for line in (folder / "plan.jsonl").read_text("utf-8").splitlines()]
    assert [one["event"] for one in events] == ["begun", "started", "done", "ended"]
    done = deployment.run("rollback", "--apply")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not deployment.release.exists()


@pytest.mark.parametrize(
    ("run", "expect", "words"),
    [
        ("echo sorry; exit 3", "", "exit status 3: sorry"),
        ("echo something else", "brought", "nothing like"),
        ("sleep 60", "", "not done within 5 s"),
    ],
    ids=["fails", "unexpected", "hangs"],
)
def test_the_first_failure_ends_the_plan(
    deployment: Deployment, run: str, expect: str, words: str
) -> None:
    """Nothing after a step that did not succeed is done; the rest says why."""
    deployment.plan(bad=("deploy", 1, run, expect), bring=("deploy", 2, *BRING[2:]), take=TAKE)
    done = deployment.run("postdeploy", "--apply")
    assert done.returncode in (1, 10), done.stdout
    assert words in done.stdout
    assert "step.bad did not succeed" in done.stdout
    assert not deployment.release.exists()
    outcomes = deployment.outcomes("postdeploy")
    assert outcomes["step.bad"] != "PASS"
    assert outcomes["step.bring"] == "FAIL"


def test_a_failure_is_rolled_back_when_told_to(deployment: Deployment) -> None:
    """With --rollback-on-failure what was done is undone at once, and it is still a failure."""
    bad = ("deploy", 2, "exit 1", "")
    deployment.plan(bring=BRING, bad=bad, take=TAKE)
    done = deployment.run("postdeploy", "--apply", "--rollback-on-failure")
    assert done.returncode == 1, done.stdout
    assert "rolling back, as told" in done.stdout
    assert not deployment.release.exists()


def test_a_second_gate_is_refused(deployment: Deployment, database: str) -> None:
    """Who holds the target is named; nothing is moved."""
    deployment.plan(bring=BRING, take=TAKE)
    name = "gate plan: ada@laptop pid 4711"
    with psycopg.connect(database, application_name=name, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [KEY])
        done = deployment.run("postdeploy", "--apply")
    assert done.returncode == 10, done.stdout + done.stderr
    assert "another gate is moving here: gate plan: ada@laptop pid 4711" in " ".join(
        done.stdout.split()
    )
    assert not deployment.release.exists()


def test_a_run_that_was_cut_off_left_its_account(deployment: Deployment) -> None:
    """The next run says where the one before ended."""
    deployment.plan(bring=BRING, take=TAKE)
    folder = deployment.folder / "reports" / "here"
    journal = Journal(folder)
    journal.note(event="begun", phase="deploy")
    journal.note(event="started", step="step.one")
    journal.note(event="done", step="step.one")
    journal.note(event="started", step="step.two")
    with (folder / "plan.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"at": "2026-02-13T15:30:00+00:00", "event": "do')
    done = deployment.run("postdeploy", "--apply")
    assert done.returncode == 0, done.stdout
    assert "step.two was under way; done: step.one" in done.stdout
    assert read_past(journal.text()) == Past(deployed=True, known=True)


def test_a_healthy_system_is_never_rolled_back(deployment: Deployment) -> None:
    """Deployed again by a plan that cannot say that it is done: a failure, and nothing is lost."""
    again = 'if [ -e "$PREFIX/srv/release" ]; then echo "nothing to do"; else {}; fi'
    bring = again.format('echo new >"$PREFIX/srv/release"; echo brought')
    deployment.plan(
        first=("deploy", 1, "echo well", ""), bring=("deploy", 2, bring, "brought"), take=TAKE
    )
    done = deployment.run("postdeploy", "--apply", "--rollback-on-failure")
    assert done.returncode == 0, done.stdout + done.stderr
    done = deployment.run("postdeploy", "--apply", "--rollback-on-failure")
    assert done.returncode == 1, done.stdout
    assert "not rolled back" in done.stdout
    assert deployment.release.exists()


def test_done_already_is_green(deployment: Deployment) -> None:
    """A plan that can say so is carried out once; again, and taken back twice, all is well."""
    deployment.plan(bring=BRING, take=TAKE)
    file = deployment.folder / "contract" / "plan.toml"
    there = "done_if = '[ -e \"$PREFIX/srv/release\" ]'\n"
    text = file.read_text("utf-8").replace("[step.take]", f"{there}[step.take]")
    file.write_text(text + there.replace("[ -e", "[ ! -e"), "utf-8")
    for moment, step in (("postdeploy", "step.bring"), ("rollback", "step.take")):
        for words in ("exit status 0", "done already"):
            done = deployment.run(moment, "--apply", "--rollback-on-failure")
            assert done.returncode == 0, done.stdout + done.stderr
            items = {one["id"]: one for one in runs.verdict(deployment.folder, moment)["items"]}
            assert items[step]["outcome"] == "PASS"
            assert items[step]["seen"].startswith(words)
            assert items[step]["look"].startswith("[ ")
